/** Why a build's tool failed, where its own output says so in a hundred lines or in a code: one line for a person. Pure. */

interface Sign {
  /** What tools print; the first group, where there is one, is what it is about. */
  says: RegExp
  means: (about: string) => string
}

const HINT = 'what a build reaches the network with is said by builds.env and builds.ca of platform.yaml'

/** What comes first wins: the more telling ones. */
const SIGNS: Sign[] = [
  {
    // What container/limits.ts has found.
    says: /^ ! {5}The ((?:build|machine) ran out of [^\n]+)\.$/m,
    means: (what) => `the ${what}.`,
  },
  {
    says: /SELF_SIGNED_CERT|UNABLE_TO_(?:GET_ISSUER|VERIFY_LEAF)|certificate verify failed|certificate signed by unknown authority|SSL certificate problem|PKIX path building failed|unable to get local issuer|invalid peer certificate|UnknownIssuer/i,
    means: () =>
      'a registry has a certificate that the build does not trust: builds.ca of platform.yaml names a bundle that does.',
  },
  {
    says: /\b407\b[^\n]{0,40}Proxy|Proxy Authentication Required|CONNECT tunnel failed, response 407/i,
    means: () => `a proxy asks for credentials (407): ${HINT}.`,
  },
  {
    says: /getaddrinfo (?:ENOTFOUND|EAI_AGAIN) ([\w.-]+)/,
    means: (host) => `the network cannot be reached: there is no address for ${host}. ${upper(HINT)}.`,
  },
  {
    says: /(?:Could not resolve host(?:name)?:?\s*|lookup\s+)([\w-]+(?:\.[\w-]+)+)/i,
    means: (host) => `the network cannot be reached: there is no address for ${host}. ${upper(HINT)}.`,
  },
  {
    says: /Unknown host ([\w-]+(?:\.[\w-]+)+)/i,
    means: (host) => `the network cannot be reached: there is no address for ${host}. ${upper(HINT)}.`,
  },
  {
    says: /Could not reach host ([\w.-]+?)\.?(?:\s|$)/,
    means: (host) => `the network cannot be reached: ${host} does not answer. ${upper(HINT)}.`,
  },
  {
    says: /Failed to (?:download|fetch):? `?https?:\/\/([\w.-]+)[\s\S]{0,1000}?\bdns error/,
    means: (host) => `the network cannot be reached: there is no address for ${host}. ${upper(HINT)}.`,
  },
  {
    says: /Temporary failure in name resolution|Name or service not known|No address associated with hostname|UnknownHostException:?\s*([\w.-]+)?|dns error|failed to lookup address/i,
    means: (host) => `the network cannot be reached: there is no address for ${host || 'a registry'}. ${upper(HINT)}.`,
  },
  {
    says: /ECONNREFUSED|Connection refused|Failed to connect to|ETIMEDOUT|ENETUNREACH|Network is unreachable|i\/o timeout|Connection timed out|No route to host|network timeout|Max retries exceeded|EHOSTUNREACH|connect timed out|Timeout was reached|ECONNRESET|Connection reset by peer/i,
    means: () => `a server cannot be reached: the connection was refused or timed out. ${upper(HINT)}.`,
  },
  {
    says: /(?:\bE401\b|\b401 (?:Unauthorized|Client Error)|status code:? 401|HTTP\/[\d.]+ 401|authentication \(HTTP 401\))/i,
    means: () => 'a registry asks for credentials (401).',
  },
  {
    says: /(?:\bE403\b|\b403 (?:Forbidden|Client Error)|status code:? 403|HTTP\/[\d.]+ 403|returned error: 403|HTTP response from \S+ \([^\n)]*\), got 403)/i,
    means: () => 'a registry refuses what was asked of it (403 Forbidden).',
  },
  {
    says: /No matching version found for (\S+?)\.?(?:\s|$)|No matching distribution found for (\S+)|select a version for the requirement `([^`\n]+)`|no matching package named `([^`\n]+)` found/,
    means: (what) => `the registry has no ${what || 'such version'}.`,
  },
  {
    says: /(\S+@v[\w.+-]+): reading \S+: 404 Not Found/,
    means: (what) => `the module proxy does not have ${what} (404).`,
  },
  {
    says: /"(\S+)" file could not be downloaded \(HTTP\/[\d.]+ 404/,
    means: (what) => `there is nothing at ${what} (404).`,
  },
  {
    says: /(?:404 Not Found|npm (?:error|ERR!) 404)[^\n]*?[\s'"]([@\w][^\s'"]*)/,
    means: (what) => `the registry does not have ${what} (404).`,
  },
  {
    says: /Could not find artifact ([^\s:]+:[^\s:]+(?::[^\s:]+)+)|locked to ([\w.-]+ \([^)\s]+\)) from[^:]*https?:\S+ or\s+installed locally/,
    means: (what) => `the registry has no ${what}.`,
  },
  {
    says: /(?:invalid target release: |release version )([\d.]+)(?: not supported)?/,
    means: (version) =>
      `the code is to be compiled for Java ${version}, and the JDK of the build is older: ask for another in system.properties.`,
  },
  {
    says: /\b(429 Too Many Requests|E429)\b/i,
    means: () => 'a registry has had too many requests (429); try again later: trimtab sync.',
  },
  {
    says: /\b(50[234]) (?:Bad Gateway|Service Unavailable|Gateway Time-?out)/i,
    means: (code) => `a registry does not work at present (${code}); try again later: trimtab sync.`,
  },
]

/** `log`: the end of it. Null where it tells of nothing that is known here. */
export function diagnosis(log: string): string | null {
  for (const { says, means } of SIGNS) {
    const found = says.exec(log)
    if (found) return means((found.slice(1).find((group) => group !== undefined) ?? '').slice(0, 200))
  }
  return lastWords(log)
}

/** What a buildpack itself gave as its reason, in the form all of them have for that, right before it ended. */
function lastWords(log: string): string | null {
  return /(?:^|\n) ! {5}(\S[^\n]*)(?:\n ! [^\n]*)*\n*$/.exec(log)?.[1]?.slice(0, 300) ?? null
}

function upper(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
