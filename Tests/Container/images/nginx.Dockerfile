# Stands in for nginx:stable where no registry can be reached.
FROM debian:bookworm-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends curl nginx
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]
