# The command as an image: docker run --rm --init -v "$PWD:/data" vecferry migrate ./chroma http://qdrant:6333
# To serve from it, listen on every address: serve . --host 0.0.0.0 --api-key-file F (and publish the ports).
FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build && npm prune --omit=dev

FROM node:24-slim
ENV NODE_ENV=production
COPY --from=build /build/package.json /opt/vecferry/
COPY --from=build /build/node_modules /opt/vecferry/node_modules
COPY --from=build /build/dist /opt/vecferry/dist
# The journal, the log and an embedded Qdrant are written below the working directory: it belongs to the user `node`, 1000.
RUN mkdir /data && chown 1000:1000 /data
WORKDIR /data
USER 1000:1000
EXPOSE 6333 6334
ENTRYPOINT ["node", "/opt/vecferry/dist/cli/main.js"]
CMD ["--help"]
