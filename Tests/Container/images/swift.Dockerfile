# Stands in for swift:6.3-bookworm where no registry can be reached: what that image has beside the toolchain, which is
# this machine's, mounted when something is built.
FROM debian:bookworm-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends \
    binutils binutils-gold gcc git libc6-dev libcurl4 libedit2 libncurses6 libsqlite3-0 libstdc++-12-dev libxml2-dev \
    pkg-config zlib1g-dev
COPY gitconfig /etc/gitconfig
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/swift-toolchain/bin
