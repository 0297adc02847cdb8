//! A small web server: a thread for each connection, one crate that reads the request's head.
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

fn main() -> std::io::Result<()> {
    let port = env::var("PORT").unwrap_or_else(|_| "5000".into());
    let listener = TcpListener::bind(format!("0.0.0.0:{port}"))?;
    println!("listening on port {port}");
    for stream in listener.incoming().flatten() {
        thread::spawn(move || {
            // Somebody who leaves early is no concern of ours.
            let _ = answer(stream);
        });
    }
    Ok(())
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut reader = BufReader::new(stream.try_clone()?);
    while !head.ends_with(b"\r\n\r\n") && head.len() < 16 * 1024 {
        if reader.read_until(b'\n', &mut head)? == 0 {
            return Ok(());
        }
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let (status, body) = match (request.parse(&head), request.path) {
        (Err(_), _) => ("400 Bad Request", "That is no HTTP.\n".into()),
        (_, Some("/healthz")) => ("200 OK", "ok\n".into()),
        (_, Some("/")) => ("200 OK", hello()),
        _ => ("404 Not Found", "There is nothing here.\n".into()),
    };
    let length = body.len();
    write!(stream, "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

fn hello() -> String {
    let of = |name: &str| env::var(name).unwrap_or_default();
    format!("Hello from Rust, {}, commit {:.12}\n", of("RELEASE_VERSION"), of("SOURCE_VERSION"))
}
