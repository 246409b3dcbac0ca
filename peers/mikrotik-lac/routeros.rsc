# What a MikroTik router needs for peers/mikrotik-lac. 192.0.2.2 is the harness; each case sets it anew.
/user add name=harness group=full password=CHANGE-ME
/ip service enable ssh
/interface l2tp-client add name=l2tp-harness connect-to=192.0.2.2 user=tester password=tester \
    use-ipsec=no keepalive-timeout=60 disabled=yes add-default-route=no
/ip firewall filter add chain=input protocol=udp src-port=1701 action=accept place-before=0
