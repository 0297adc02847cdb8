import { expect, test } from 'vitest'
import { diagnosis } from '../../src/build/diagnosis.ts'

/** The words of the tools themselves. */
test.each([
  [
    'npm without a network',
    'npm error code ENOTFOUND\nnpm error errno ENOTFOUND\nnpm error network request to https://registry.example.com/ms failed, reason: getaddrinfo ENOTFOUND registry.example.com',
    /no address for registry\.example\.com/,
  ],
  [
    'npm, nobody listens',
    'npm error code ECONNREFUSED\nnpm error FetchError: request to http://127.0.0.1:9/ms failed, reason: connect ECONNREFUSED 127.0.0.1:9',
    /refused or timed out/,
  ],
  [
    'npm, no such package',
    "npm error code E404\nnpm error 404 Not Found - GET https://registry.example.com/no-such - Not found\nnpm error 404\nnpm error 404  'no-such@1.0.0' is not in this registry.",
    /does not have \S+ \(404\)/,
  ],
  [
    'npm, no such version',
    'npm error code ETARGET\nnpm error notarget No matching version found for ms@99.0.0.',
    /has no ms@99\.0\.0\./,
  ],
  [
    'pip, no such version',
    'ERROR: Could not find a version that satisfies the requirement flask==99 (from versions: 1.0)\nERROR: No matching distribution found for flask==99',
    /has no flask==99\./,
  ],
  [
    'pip without a network',
    "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(<pip._vendor.urllib3.connection.HTTPSConnection object>: Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')",
    /no address for a registry/,
  ],
  [
    'pip, a strange certificate',
    'SSLError(SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate (_ssl.c:1006)"))',
    /builds\.ca/,
  ],
  [
    'uv without a network',
    'error: Failed to install cpython-3.12.16-linux-x86_64-gnu\n  cause: Request failed after 3 retries in 5.5s\n  cause: Failed to download `https://files.example.com/cpython.tar.gz`\n  cause: error sending request for url (https://files.example.com/cpython.tar.gz)\n  cause: client error (Connect)\n  cause: dns error\n  cause: failed to lookup address information: Name or service not known',
    /no address for files\.example\.com/,
  ],
  [
    'uv, nobody listens',
    'error: Request failed after 3 retries in 5.6s\n  cause: Failed to fetch: http://127.0.0.1:9/simple/click/\n  cause: client error (Connect)\n  cause: tcp connect error\n  cause: Connection refused (os error 111)',
    /refused or timed out/,
  ],
  [
    'go without a network',
    'go: example.com/x@v1.0.0: Get "https://proxy.example.com/x": dial tcp: lookup proxy.example.com on 127.0.0.11:53: no such host',
    /no address for proxy\.example\.com/,
  ],
  ['curl', 'curl: (6) Could not resolve host: files.example.com', /no address for files\.example\.com/],
  [
    'java, a strange certificate',
    'PKIX path building failed: unable to find valid certification path to requested target',
    /builds\.ca/,
  ],
  [
    'maven without a network',
    'Could not transfer artifact org.apache.maven.plugins:maven-clean-plugin:pom:2.5 from/to central (https://repo.maven.apache.org/maven2): transfer failed for https://repo.maven.apache.org/maven2/x.pom: Unknown host repo.maven.apache.org: Temporary failure in name resolution',
    /no address for repo\.maven\.apache\.org/,
  ],
  [
    'maven, no such artifact',
    '[ERROR] Could not resolve dependencies for project com.example:hello:jar:1.0: Could not find artifact com.example:nowhere:jar:1.2 in central (https://repo.maven.apache.org/maven2) -> [Help 1]',
    /has no com\.example:nowhere:jar:1\.2\./,
  ],
  [
    'javac, an old JDK',
    '[ERROR] Fatal error compiling: error: release version 21 not supported -> [Help 1]',
    /for Java 21, .*system\.properties/,
  ],
  [
    'javac, an old JDK for target',
    '[ERROR] Fatal error compiling: error: invalid target release: 21 -> [Help 1]',
    /for Java 21, /,
  ],
  [
    'bundler without a network',
    '       Could not reach host index.rubygems.org. Check your network connection and try\n       again.',
    /index\.rubygems\.org does not answer/,
  ],
  [
    'bundler, no such version',
    '       Your bundle is locked to rake (99.0.0) from rubygems repository\n       https://rubygems.org/ or installed locally, but that version can no longer be\n       found in that source.',
    /has no rake \(99\.0\.0\)\./,
  ],
  ['cargo', '  [6] Could not resolve hostname (Could not resolve host: index.example.com)', /no address for index\.example\.com/],
  [
    'cargo, nobody listens',
    '  download of config.json failed\n\nCaused by:\n  [7] Could not connect to server (Failed to connect to 127.0.0.1 port 9 after 0 ms: Could not connect to server)',
    /refused or timed out/,
  ],
  [
    'cargo, no such version',
    'error: failed to select a version for the requirement `httparse = "=99.0.0"`\ncandidate versions found which didn\'t match: 1.10.1, 1.10.0, ...',
    /has no httparse = "=99\.0\.0"\./,
  ],
  [
    'cargo, no such crate',
    'error: no matching package named `no-such` found\nlocation searched: crates.io index',
    /has no no-such\./,
  ],
  [
    'cargo is refused',
    '  failed to get successful HTTP response from `https://index.example.com/config.json` (127.0.0.1), got 403\n  body:\n  no',
    /403 Forbidden/,
  ],
  [
    'cargo behind a proxy',
    '  [56] Failure when receiving data from the peer (CONNECT tunnel failed, response 407)',
    /a proxy asks for credentials/,
  ],
  [
    'go, no such version',
    'm.go:2:8: rsc.io/qr@v0.2.9: reading https://proxy.example.com/rsc.io/qr/@v/v0.2.9.zip: 404 Not Found\nexit status 1',
    /does not have rsc\.io\/qr@v0\.2\.9 \(404\)/,
  ],
  ['refused', 'npm error code E403\nnpm error 403 403 Forbidden - GET https://registry.example.com/x', /403 Forbidden/],
  [
    "a buildpack's last words",
    ' !     There is no lock file.\nnpm error\n !     package-lock.json does not fit package.json.\n !     Run npm install.\n',
    /^package-lock\.json does not fit package\.json\.$/,
  ],
  ['a proxy', 'curl: (56) CONNECT tunnel failed, response 407 Proxy Authentication Required', /407/],
  [
    'composer, nobody listens',
    "In CurlDownloader.php line 365:\n  curl error 7 while downloading http://127.0.0.1:9/words.tar: Failed to connect to 127.0.0.1 port 9 after 0 ms: Couldn't connect to server",
    /refused or timed out/,
  ],
  [
    'composer without a network',
    'curl error 6 while downloading https://repo.example.com/packages.json: Could not resolve host: repo.example.com',
    /no address for repo\.example\.com/,
  ],
  [
    'composer, nothing there',
    'The "https://repo.example.com/words.tar" file could not be downloaded (HTTP/1.1 404 Not Found)',
    /nothing at https:\/\/repo\.example\.com\/words\.tar \(404\)/,
  ],
  [
    'composer, credentials',
    "The 'https://repo.example.com/words.tar' URL required authentication (HTTP 401).\nYou must be using the interactive console to authenticate",
    /\(401\)/,
  ],
  [
    'composer, refused',
    "The 'https://repo.example.com/words.tar' URL could not be accessed (HTTP 403): HTTP/1.1 403 Forbidden",
    /403 Forbidden/,
  ],
])('%s', (_, log, why) => {
  expect(diagnosis(log)).toMatch(why)
})

test('what it does not know it does not guess', () => {
  expect(diagnosis('src/index.ts(3,1): error TS2304: Cannot find name "x".\nexit 2')).toBeNull()
  expect(diagnosis('')).toBeNull()
  expect(diagnosis(' !     There is no lock file.\nerror')).toBeNull()
})
