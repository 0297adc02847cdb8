# A web server in a few lines, so that nothing has to be fetched; yours is Rails, Sinatra or another Rack app with puma.
require "socket"
require "greeting"

$stdout.sync = true
server = TCPServer.new("0.0.0.0", Integer(ENV.fetch("PORT", "5000")))
# No new request from now on; those under way have their threads.
%w[TERM INT].each { |signal| trap(signal) { server.close } }
puts "listening on port #{server.addr[1]}"

threads = []
begin
  loop do
    threads << Thread.new(server.accept) do |client|
      while (line = client.gets) && line != "\r\n"; end
      body = Greeting.text
      client.write("HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\n" \
                   "content-length: #{body.bytesize}\r\nconnection: close\r\n\r\n#{body}")
    ensure
      client.close
    end
    threads.select!(&:alive?)
  end
rescue IOError
  threads.each { |thread| thread.join(5) }
end
