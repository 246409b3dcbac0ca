"""The files of a new device: a peer.yaml with every usual key, each with a remark."""

from __future__ import annotations

from string import Template
from typing import Final

_HEAD: Final = """\
# $name. Every key: peers/README.md of the harness. Write down here what was found by running it:
# how it starts, what it answers, where it deviates.
title: $name as $side
role: $role
"""

_PROCESS: Final = """\
launch:
  process:
    binary: $name                      # in PATH; elsewhere: --set launch.process.binary=./$name
    command: $${binary} --foreground --config $${work}/$name.conf
    config: [$name.conf.j2]            # Jinja2, rendered into $${work} for each instance
    # ready: listening                 # in its output, once it serves; without: its port is bound
    # ready_within: 5s
    # control: $${work}/control         # a FIFO that it reads commands from, for `actions`
    # needs: {root: true, files: [/dev/net/tun], install: apt-get install $name}
    # namespace: {}                    # a network of its own, for what opens interfaces
"""

_CONTAINER: Final = """\
launch:
  container:
    build: .                           # the Dockerfile in this folder; or image: NAME
    network: host                      # so that it sees its peers' own addresses
    command: $name --foreground --config $${work}/$name.conf
    config: [$name.conf.j2]            # Jinja2, rendered into $${work} for each instance
    # ready: listening                 # in its output, once it serves; without: its port is bound
    # capabilities: [NET_ADMIN]
    # devices: [/dev/net/tun]
"""

_EXTERNAL: Final = """\
launch:
  external:
    # address: 192.0.2.1               # or a host name; or --set ixit.address=192.0.2.1
    at_once: 1                         # so many cases at a time; an LNS can serve many peers
    ready_within: 10s                  # in which it answers an SCCRQ, also after a restart
    # source: {address: 192.0.2.2, interface: eth1, ttl: 64, dscp: cs6}
    # secrets: {password: LAB_PASSWORD}     # names for templates, from the environment
    # cli:                             # for actions that are lines; needs netmiko
    #   platform: cisco_xe             # juniper_junos, mikrotik_routeros, huawei_vrp, linux, …
    #   transport: ssh                 # telnet; serial, with line: /dev/ttyUSB0
    #   user: harness
    #   password: $${password}
    # alive: {cli: show version}       # asked after each case; also http: or command:
"""

_ICS: Final = """\
# What it claims; a case that needs more is skipped. `probe --device $name` drafts this.
ics:
$ics
ixit:
  port: 1701
  secret: secret                       # shared with its peers; null: it has none
  # host_name: iut                     # of its Host Name AVP
  # hello_interval: 60s
  # retransmit: {first: 1s, cap: 8s, max: 6}     # max: all transmissions, the first included
  # max_tunnels: 100                   # it refuses the next; max_sessions: calls in a tunnel
  # extra: {challenge: "no"}           # names of your own, for templates
# configurations:                      # values that some cases want otherwise
#   authenticated: {challenge: "yes"}  # it challenges its peers
#   no-secret: {secret: null}
"""

_ACTIONS: Final = """\
# What cases can have it do; without an action the cases that need it are skipped.
# actions:
#   dial: c peer                       # it opens a tunnel: a line for the control FIFO,
#   call-out: {command: "./call-out $${tunnel_id}"}     # a command,
#   call-in: c $${tunnel_id}            # a LAC has a further call in that tunnel
#   shutdown: {signal: INT}            # or a signal
#   hangup: h $${session_id}
#   close: d $${tunnel_id}
"""

_ACTIONS_ON_THE_WIRE: Final = """\
# What cases can have it do; without an action the cases that need it are skipped.
# actions:
#   close: clear l2tp tunnel $${tunnel_id}               # a line for its command line,
#   hangup: {command: "./hang-up $${session_id}"}        # a command of this machine,
#   restart: {http: {url: "http://pdu/outlet/7", body: {state: cycle}}, within: 60s}     # a hook,
#   dial: {ask: "Dial $${peer_address} from the phone"}  # or a person at the terminal
"""

_CONFIG: Final = """\
# The configuration of $name; what stands in braces comes from peer.yaml.
listen {{ address }} port {{ port }}
{% if secret %}
secret {{ secret }}
{% endif %}
"""

_DOCKERFILE: Final = """\
ARG BASE=debian:bookworm-slim
FROM $${BASE}
RUN apt-get update --quiet \\
    && apt-get install --quiet --yes --no-install-recommends $name \\
    && rm -rf /var/lib/apt/lists/*
"""

_BASELINE: Final = """\
# Known deviations: those cases still run, and a run is red only when something else happens. How an
# entry is written: reports/verdicts.md of the harness.
# - case: 5.5-hello/acknowledged
#   verdict: fail
#   reason: what it does instead, and why that stays
#   link: https://example.net/issue/1
"""

_LAUNCHES: Final = {"process": _PROCESS, "container": _CONTAINER, "external": _EXTERNAL}
_CLAIMS: Final = {
    "lns": """\
  tunnel_authentication: false         # answers a Challenge
  hidden_avps: false                   # deciphers hidden AVPs
  incoming_calls: true                 # accepts an ICRQ
  outgoing_calls: false                # sends an OCRQ, by the action `call-out`
  multiple_sessions: false             # more than one call in a tunnel
  ppp: false                           # answers LCP""",
    "lac": """\
  initiates_tunnel: true               # sends an SCCRQ, by the action `dial` or by itself
  accepts_tunnel: false                # answers an SCCRQ
  tunnel_authentication: false         # answers a Challenge
  hidden_avps: false                   # deciphers hidden AVPs
  incoming_calls: true                 # sends an ICRQ
  outgoing_calls: false                # accepts an OCRQ
  multiple_sessions: false             # more than one call in a tunnel
  ppp: false                           # answers LCP""",
}


def skeleton(name: str, role: str, launch: str) -> dict[str, str]:
    """The files of the folder by name. All of them are as `lint` wants them."""
    actions = _ACTIONS_ON_THE_WIRE if launch == "external" else _ACTIONS
    files = {
        "peer.yaml": _HEAD + _LAUNCHES[launch] + _ICS + actions,
        "baseline.yaml": _BASELINE,
    }
    if launch != "external":
        files[f"{name}.conf.j2"] = _CONFIG
    if launch == "container":
        files["Dockerfile"] = _DOCKERFILE
    values = {"name": name, "role": role, "side": role.upper(), "ics": _CLAIMS[role]}
    return {file: Template(text).substitute(values) for file, text in files.items()}
