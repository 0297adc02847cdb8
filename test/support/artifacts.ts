/** Files to deploy without a build: made here, so that nothing has to be fetched. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const sha256 = (content: Buffer | string) => createHash('sha256').update(content).digest('hex')

/** Answers every request with its first argument, or its environment's WORD. */
const C = `
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
int main(int count, char **arguments) {
  int on = 1, server = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(getenv("PORT")))};
  const char *word = count > 1 ? arguments[1] : "a program\\n";
  setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(server, (struct sockaddr *)&at, sizeof at) || listen(server, 16)) return 1;
  for (;;) {
    char request[4096];
    int client = accept(server, 0, 0);
    if (client < 0) continue;
    read(client, request, sizeof request);
    dprintf(client, "HTTP/1.1 200 OK\\r\\nContent-Length: %zu\\r\\nConnection: close\\r\\n\\r\\n%s", strlen(word), strncmp(request, "HEAD", 4) ? word : "");
    close(client);
  }
}
`

/** A program for this machine that needs nothing beside it. */
export function program(): Buffer {
  const dir = mkdtempSync(join(tmpdir(), 'trimtab-program-'))
  try {
    writeFileSync(join(dir, 'server.c'), C)
    execFileSync('c++', ['-x', 'c', '-static', '-s', '-o', join(dir, 'server'), join(dir, 'server.c')], { stdio: 'pipe' })
    return readFileSync(join(dir, 'server'))
  } finally {
    rmSync(dir, { recursive: true })
  }
}

const JAVA = `
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
public class Main {
  public static void main(String[] arguments) throws Exception {
    var server = HttpServer.create(new InetSocketAddress(Integer.parseInt(System.getenv("PORT"))), 0);
    byte[] word = "a Java archive\\n".getBytes();
    server.createContext("/", exchange -> {
      boolean asksForHead = exchange.getRequestMethod().equals("HEAD");
      exchange.sendResponseHeaders(200, asksForHead ? -1 : word.length);
      if (!asksForHead) exchange.getResponseBody().write(word);
      exchange.close();
    });
    server.start();
  }
}
`

/** What makes a .jar of it, where there is a JDK, and prints that in base64. */
export const MAKE_JAR = `set -e; cd "$(mktemp -d)"; cat > Main.java << 'END'${JAVA}END
javac -d out Main.java; jar --create --file a.jar --main-class Main -C out .; base64 -w0 a.jar`

export interface FileServer {
  url: string
  /** Path → content. */
  files: Map<string, Buffer>
  /** Paths that were asked for. */
  asked: string[]
  close(): Promise<void>
}

export async function fileServer(): Promise<FileServer> {
  const files = new Map<string, Buffer>()
  const asked: string[] = []
  const server: Server = createServer((request, response) => {
    asked.push(request.url ?? '')
    const content = files.get(request.url ?? '')
    response.writeHead(content ? 200 : 404).end(content)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    files,
    asked,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
