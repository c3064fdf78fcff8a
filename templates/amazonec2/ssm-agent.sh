#!/bin/sh
# Installs the agent by which Systems Manager reaches the instance, unless the image has it.
# https://docs.aws.amazon.com/systems-manager/latest/userguide/agent-install-deb.html
set -eu
if command -v amazon-ssm-agent || [ -e /snap/bin/amazon-ssm-agent.ssm-cli ]; then
    exit 0
fi
metadata=http://169.254.169.254/latest
token=$(curl -fsS -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$metadata/api/token")
ask() { curl -fsS -H "X-aws-ec2-metadata-token: $token" "$metadata/meta-data/$1"; }
region=$(ask placement/region)
bucket=https://s3.$region.$(ask services/domain)/amazon-ssm-$region/latest
case $(uname -m) in
aarch64) arch=arm64 ;;
*) arch=amd64 ;;
esac
if command -v dpkg; then
    curl -fsS -o /run/amazon-ssm-agent.deb "$bucket/debian_$arch/amazon-ssm-agent.deb"
    dpkg -i /run/amazon-ssm-agent.deb
else
    rpm -U "$bucket/linux_$arch/amazon-ssm-agent.rpm"
fi
systemctl enable --now amazon-ssm-agent
