# nginx in front of PHP-FPM.

write_nginx() {
  local types
  types=$(nginx -V 2>&1 | grep -o 'conf-path=[^ ]*' | cut -d= -f2)
  cat > "$work/nginx.conf" << CONF
daemon off;
pid $work/nginx.pid;
$( ((EUID != 0)) || echo 'user root;')
worker_processes 1;
events { worker_connections 1024; }
http {
  include "${types%/*}/mime.types";
  default_type application/octet-stream;
  $([[ -n $verbose ]] && echo "access_log $work/access;" || echo 'access_log off;')
  client_body_temp_path $work/body;
  fastcgi_temp_path $work/fastcgi;
  proxy_temp_path $work/proxy;
  scgi_temp_path $work/scgi;
  uwsgi_temp_path $work/uwsgi;
  sendfile on;
  tcp_nopush on;
  server_tokens off;
  # The address that a visitor knows is the router's.
  absolute_redirect off;
  # PHP's own limits (post_max_size, upload_max_filesize) decide.
  client_max_body_size 0;
  gzip on;
  gzip_vary on;
  gzip_proxied any;
  gzip_min_length 1024;
  gzip_types text/plain text/css text/xml text/javascript application/javascript application/json application/xml application/rss+xml image/svg+xml;
  map \$http_x_forwarded_proto \$trimtab_https { default ""; https on; }
  server {
    listen $port;
    server_name _;
    root "$root";
    index index.php index.html;
    $(private_paths)
    location ~ [^/]\\.php(/|\$) {
      fastcgi_split_path_info ^(.+?\\.php)(/.*)\$;
      if (!-f \$document_root\$fastcgi_script_name) { return 404; }
      $(parameters)
      fastcgi_pass unix:$socket;
    }
    $(front)
  }
}
CONF
  [[ -z $verbose ]] || ln -s /dev/stdout "$work/access"
}

# Hidden files, and of the app's own folder what belongs to nobody but the app. It is not there, for whoever asks.
private_paths() {
  echo 'location ~ /\.(?!well-known/) { return 404; }'
  [[ $root != "$(cd "$app" && pwd -P)" ]] || echo \
    'location ~ ^/(vendor|node_modules)(/|$) { return 404; }
    location ~ ^/(Procfile|app\.yaml|composer\.(json|lock)|package(-lock)?\.json)$ { return 404; }'
}

# The app's own rules (-C), or: what is no file is for index.php, where there is one.
front() {
  if [[ -n $web_include ]]; then echo "include \"$web_include\";"
  elif [[ -f $root/index.php ]]; then echo 'location / { try_files $uri $uri/ /index.php$is_args$args; }'
  else echo 'location / { try_files $uri $uri/ =404; }'
  fi
}

parameters() {
  local pair
  for pair in 'SCRIPT_FILENAME $document_root$fastcgi_script_name' 'SCRIPT_NAME $fastcgi_script_name' 'PATH_INFO $fastcgi_path_info' \
    'QUERY_STRING $query_string' 'REQUEST_METHOD $request_method' 'CONTENT_TYPE $content_type' 'CONTENT_LENGTH $content_length' \
    'REQUEST_URI $request_uri' 'DOCUMENT_URI $document_uri' 'DOCUMENT_ROOT $document_root' 'SERVER_PROTOCOL $server_protocol' \
    'REQUEST_SCHEME $scheme' 'HTTPS $trimtab_https if_not_empty' 'GATEWAY_INTERFACE CGI/1.1' 'SERVER_SOFTWARE nginx' \
    'REMOTE_ADDR $remote_addr' 'REMOTE_PORT $remote_port' 'SERVER_ADDR $server_addr' 'SERVER_PORT $server_port' 'SERVER_NAME $host' \
    'REDIRECT_STATUS 200' 'HTTP_PROXY ""'; do # HTTP_PROXY: httpoxy.org
    echo "fastcgi_param $pair;"
  done
}
