# Test hosts without and with the newest engine, and an image for containers in them, from the stage `computer` of the
# node image.
ARG COMPUTER
FROM ${COMPUTER} AS mirror
COPY make-mirror.sh /
RUN sh /make-mirror.sh /srv/apt

FROM ${COMPUTER} AS bare
COPY --from=mirror /srv/apt /srv/apt
RUN rm /usr/sbin/policy-rc.d \
 && . /etc/os-release \
 && echo "deb [trusted=yes] copy:/srv/apt $VERSION_CODENAME/" > /etc/apt/sources.list \
 && useradd --create-home --shell /bin/bash user \
 && useradd --create-home --shell /bin/bash --groups sudo admin \
 && echo 'user ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/user \
 && echo 'admin:adminpw' | chpasswd
COPY host-init.sh /sbin/host-init
# A real file system for the overlay2 of an engine inside.
VOLUME /var/lib/docker
STOPSIGNAL SIGRTMIN+3
CMD ["/bin/sh", "/sbin/host-init"]

# policy-rc.d: there is no init system that could start the engine while the image is built.
FROM bare AS engine
COPY install-engine.sh /
RUN printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d \
 && chmod +x /usr/sbin/policy-rc.d \
 && RELEASE=sid sh /install-engine.sh \
 && apt-get clean \
 && rm -r /install-engine.sh /usr/sbin/policy-rc.d /var/lib/apt/lists/*

FROM ${COMPUTER} AS static
RUN apt-get update \
 && apt-get install --yes --no-install-recommends busybox-static \
 && mkdir -p /image/bin \
 && cp /bin/busybox /image/bin \
 && for applet in $(busybox --list); do ln -s busybox "/image/bin/$applet" || true; done

FROM scratch AS busybox
COPY --from=static /image /
CMD ["sh"]
