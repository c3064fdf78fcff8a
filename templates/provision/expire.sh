# shellcheck shell=sh
# Powers the host off in TTL seconds, by the timer UNIT. The calendar's moment holds after a reboot; when the host was
# off at that moment it powers off as soon as it is up again (systemd.timer(5), Persistent).
units=/etc/systemd/system
end=$(($(date +%s) + TTL))
moment=$(date --utc --date "@$end" '+%Y-%m-%d %H:%M:%S UTC')
cat >"$units/$UNIT.service" <<END
[Unit]
Description=Power off at the end of the machine's time to live

[Service]
Type=oneshot
ExecStart=$(command -v systemctl) --no-block poweroff
END
cat >"$units/$UNIT.timer" <<END
[Unit]
Description=The machine's time to live

[Timer]
OnCalendar=$moment
AccuracySec=1s
Persistent=true

[Install]
WantedBy=timers.target
END
systemctl daemon-reload
systemctl enable --quiet "$UNIT.timer"
systemctl restart "$UNIT.timer"
# A moment that passed meanwhile never comes.
[ "$(date +%s)" -lt "$end" ] || systemctl --no-block start "$UNIT.service"
notice "the host powers itself off at $moment"
