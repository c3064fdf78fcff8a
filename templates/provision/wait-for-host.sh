# shellcheck shell=sh
# Waits LIMIT seconds at most until cloud-init has ended, where it exists. Needs no root.
command -v cloud-init >/dev/null || exit 0
status=0
timeout "$LIMIT" cloud-init status --wait >/dev/null || status=$?
case $status in
0 | 2) ;; # 2: done, with errors that it recovered from
124 | 143) fail "cloud-init is not done after $LIMIT s" "\`cloud-init status --long\` on the host tells what it does" ;;
*) notice "cloud-init ended with errors; \`cloud-init status --long\` on the host tells them" ;;
esac
