# One image for server and agent: the sources as they are, and Node. Build: docker build -t podlog:0.1.0 .
FROM node:24.21.0-slim AS dependencies
WORKDIR /podlog
COPY package.json package-lock.json ./
# The dependency "node" is for machines without Node. Its install script fetches the program, and no other dependency has
# such a script; without scripts, the image holds Node once. Without optional dependencies it does not hold TypeScript.
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:24.21.0-slim
WORKDIR /podlog
COPY --from=dependencies /podlog/node_modules node_modules
COPY package.json LICENSE ./
COPY shared shared
COPY agent agent
COPY server server
COPY cli cli
COPY web/dist web/dist
RUN mkdir -p /data node_modules/.cache/podlog && chown 10001:10001 /data node_modules/.cache/podlog
RUN ln -s /podlog/cli/podlog.js /usr/local/bin/podlog
ENV NODE_ENV=production PODLOG_LISTEN=0.0.0.0:3100 PODLOG_DATA_DIR=/data
# What podlog.js starts without Node's TypeScript compiler, which is 30 MB a thread. Node keeps a cache for each user:
# the agent's manifest asks for root, which log files are readable by.
RUN node cli/warm-compile-cache.ts
USER 10001:10001
RUN node cli/warm-compile-cache.ts
VOLUME /data
EXPOSE 3100
ENTRYPOINT ["node", "cli/podlog.js"]
CMD ["server"]
