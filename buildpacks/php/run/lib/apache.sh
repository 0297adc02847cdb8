# Apache in front of PHP-FPM, with .htaccess files.

write_apache() {
  local modules name folder types
  for folder in /usr/lib/apache2/modules /usr/lib64/httpd/modules; do [[ ! -d $folder ]] || modules=$folder; done
  for types in /etc/mime.types /etc/apache2/mime.types; do [[ ! -f $types ]] || break; done
  {
    for name in mpm_event log_config authz_core authz_host dir mime alias rewrite headers expires setenvif deflate filter proxy proxy_fcgi env; do
      [[ ! -f $modules/mod_$name.so ]] || echo "LoadModule ${name}_module $modules/mod_$name.so"
    done
    cat << CONF
ServerRoot "$work"
PidFile "$work/apache.pid"
Listen $port
ServerName localhost
ServerTokens Prod
ErrorLog "|\$exec cat >&2"
LogLevel warn
$([[ -z $verbose ]] || echo 'CustomLog "|$exec cat" "%h %t \"%r\" %>s %b"')
TypesConfig $types
DocumentRoot "$root"
DirectoryIndex index.php index.html
DirectorySlash On
SetEnvIf X-Forwarded-Proto https HTTPS=on
RequestHeader unset Proxy early
<Directory />
  Require all denied
</Directory>
<Directory "$root">
  AllowOverride All
  Options FollowSymLinks
  Require all granted
</Directory>
<LocationMatch "/\\.(?!well-known/)">
  Require all denied
</LocationMatch>
<FilesMatch "\\.php\$">
  <If "-f %{REQUEST_FILENAME}">
    SetHandler "proxy:unix:$socket|fcgi://localhost"
  </If>
</FilesMatch>
CONF
    [[ $root != "$(cd "$app" && pwd -P)" ]] || printf '<LocationMatch "^/(vendor|node_modules)(/|$)|^/(Procfile|composer\\.(json|lock))$">\n  Require all denied\n</LocationMatch>\n'
    if [[ -n $web_include ]]; then echo "Include \"$web_include\""
    elif [[ -f $root/index.php && ! -f $root/.htaccess ]]; then echo "<Directory \"$root\">
  FallbackResource /index.php
</Directory>"
    fi
  } > "$work/apache.conf"
}
