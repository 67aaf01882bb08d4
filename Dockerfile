# Builds an image that contains only the static program and runs it as an unprivileged user:
#   docker build -t smtpcheck . && docker run --rm smtpcheck mail.example.net
# The release workflow replaces the first stage with the binaries of the release (--build-context build=...).
FROM rust:1-alpine AS build
ARG TARGETARCH
RUN apk add --no-cache build-base ca-certificates cmake perl
WORKDIR /source
COPY . .
ENV AWS_LC_SYS_NO_JITTER_ENTROPY=1
RUN cargo build --profile dist --locked \
    && mkdir -p /linux/"$TARGETARCH" \
    && cp target/dist/smtpcheck /linux/"$TARGETARCH"/smtpcheck \
    && cp /etc/ssl/certs/ca-certificates.crt /linux/ca-certificates.crt

FROM scratch
ARG TARGETARCH
COPY --from=build /linux/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build --chmod=0755 /linux/${TARGETARCH}/smtpcheck /smtpcheck
USER 65532:65532
ENTRYPOINT ["/smtpcheck"]
