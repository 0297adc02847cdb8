# The platform itself in a container; how to run it: docs/docker.md and examples/compose.yaml.
# Any image of Debian with Node.js 20.19 or newer and its headers in /usr/local, as the official ones are.
ARG BASE=node:22-bookworm-slim

FROM ${BASE} AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates g++ make python3 \
 && rm -rf /var/lib/apt/lists/*
# SQLite's binding is compiled here, against this very Node, and not downloaded from elsewhere.
ENV npm_config_build_from_source=true npm_config_nodedir=/usr/local npm_config_update_notifier=false
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN node node_modules/typescript/bin/tsc -p tsconfig.build.json \
 && npm prune --omit=dev --no-audit --no-fund \
 && cd node_modules/better-sqlite3 \
 && mv build/Release/better_sqlite3.node . \
 && rm -rf build deps src \
 && install -D -m 644 better_sqlite3.node build/Release/better_sqlite3.node \
 && rm better_sqlite3.node \
 && node -e "new (require('.'))(':memory:')"

FROM ${BASE}
LABEL org.opencontainers.image.title="trimtab" \
      org.opencontainers.image.description="GitOps for one server: commit app.yaml and a Procfile, and it runs; revert the commit, and the old version is back." \
      org.opencontainers.image.licenses="MIT"
# git and ssh fetch what is deployed; tini, as the first process, buries what they leave behind.
RUN apt-get update \
 && apt-get install -y --no-install-recommends bash ca-certificates git openssh-client tini \
 && rm -rf /var/lib/apt/lists/*
# Volumes that are mounted here for the first time take their owner over from these folders.
RUN groupadd --gid 10001 trimtab \
 && useradd --uid 10001 --gid trimtab --create-home --shell /bin/bash trimtab \
 && install -d -o trimtab -g trimtab -m 700 /var/lib/trimtab /home/trimtab/.ssh \
 && install -d -o trimtab -g trimtab -m 755 /routes \
 && install -d /etc/trimtab
COPY package.json LICENSE /opt/trimtab/
COPY bin /opt/trimtab/bin
COPY buildpacks /opt/trimtab/buildpacks
COPY docs /opt/trimtab/docs
COPY --from=build /app/node_modules /opt/trimtab/node_modules
COPY --from=build /app/dist /opt/trimtab/dist
RUN ln -s /opt/trimtab/bin/trimtab.js /usr/local/bin/trimtab
ENV NODE_ENV=production
USER trimtab
# Every command finds ./platform.yaml here.
WORKDIR /etc/trimtab
VOLUME /var/lib/trimtab
STOPSIGNAL SIGTERM
# On the socket in the state directory: it answers wherever http.listen is.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["node", "-e", "require('node:http').get({ socketPath: '/var/lib/trimtab/trimtab.sock', path: '/healthz', timeout: 4000 }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1)).on('timeout', () => process.exit(1)).on('error', () => process.exit(1))"]
ENTRYPOINT ["tini", "--", "trimtab"]
CMD ["up"]
