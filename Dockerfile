# The build needs the development dependencies; the image that runs has only what package.json calls dependencies.
FROM node:24.21.0-bookworm-slim AS base
WORKDIR /app
# The image brings Node itself, so no package has to run a script to install one.
ENV npm_config_ignore_scripts=true npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false
COPY package.json package-lock.json ./
COPY web/package.json web/

FROM base AS build
RUN npm ci
COPY tsconfig.base.json tsconfig.json ./
COPY src src
COPY web web
# The dashboard shows one page of the reference.
COPY docs/reference docs/reference
RUN npm run build

FROM base AS dependencies
RUN npm ci --omit=dev --workspaces=false

FROM node:24.21.0-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production HALFTONE_HOST=0.0.0.0 HALFTONE_PORT=7788 HALFTONE_DATA_DIR=/data
RUN install --directory --owner=node --group=node --mode=0700 /data \
  && ln -s /app/bin/halftone.mjs /usr/local/bin/halftone
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY bin bin
COPY prices prices
COPY facts facts
COPY package.json LICENSE NOTICE ./
USER node
VOLUME /data
EXPOSE 7788
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HALFTONE_PORT}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/bin/halftone.mjs"]
CMD ["serve"]
