# One image for every Asof process: `worker --kind …`, `serve`, or any other command of the CLI.
FROM node:24-bookworm-slim AS dependencies
WORKDIR /opt/asof
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-fund --no-audit

FROM node:24-bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates tini \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/asof
COPY --from=dependencies /opt/asof/node_modules ./node_modules
COPY . .
RUN mkdir -p /project /lake && chown node:node /project /lake
USER node
ENV NODE_ENV=production
VOLUME ["/project", "/lake"]
ENTRYPOINT ["tini", "--", "/opt/asof/bin/asof", "-C", "/project"]
CMD ["serve"]
