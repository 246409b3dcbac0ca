"""What tshark calls the AVPs of RFC 2661 and their fields."""

from __future__ import annotations

from typing import Final

NAMES_OF_TSHARK: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "message_type": ("Control Message", {"message_type": "message_type"}),
    "result_code": (
        "Result-Error Code",
        {"result": "l2tp.result_code", "error": "error_code", "message": "error_message"},
    ),
    "protocol_version": (
        "Protocol Version",
        {"version": "protocol_version", "revision": "protocol_revision"},
    ),
    "framing_capabilities": ("Framing Capabilities", {}),
    "bearer_capabilities": ("Bearer Capabilities", {}),
    "tie_breaker": ("Tie Breaker", {"tie_breaker": "l2tp.tie_breaker"}),
    "firmware_revision": ("Firmware Revision", {"firmware_revision": "firmware_revision"}),
    "host_name": ("Host Name", {"host_name": "host_name"}),
    "vendor_name": ("Vendor Name", {"vendor_name": "vendor_name"}),
    "assigned_tunnel_id": ("Assigned Tunnel ID", {"assigned_tunnel_id": "assigned_tunnel_id"}),
    "receive_window_size": ("Receive Window Size", {"receive_window_size": "receive_window_size"}),
    "challenge": ("Challenge", {"challenge": "chap_challenge"}),
    "q931_cause_code": (
        "Cause Code",
        {"cause": "cause_code", "message": "cause_msg", "advisory": "advisory_msg"},
    ),
    "challenge_response": (
        "Challenge Response",
        {"challenge_response": "chap_challenge_response"},
    ),
    "assigned_session_id": ("Assigned Session", {"assigned_session_id": "assigned_session_id"}),
    "call_serial_number": ("Call Serial Number", {"call_serial_number": "call_serial_number"}),
    "minimum_bps": ("Minimum BPS", {"minimum_bps": "minimum_bps"}),
    "maximum_bps": ("Maximum BPS", {"maximum_bps": "maximum_bps"}),
    "bearer_type": ("Bearer Type", {}),
    "framing_type": ("Framing Type", {}),
    "called_number": ("Called Number", {"called_number": "called_number"}),
    "calling_number": ("Calling Number", {"calling_number": "calling_number"}),
    "sub_address": ("Sub-Address", {"sub_address": "sub_address"}),
    "tx_connect_speed": ("Connect Speed", {"tx_connect_speed": "connect_speed"}),
    "physical_channel_id": ("Physical Channel", {"physical_channel_id": "physical_channel"}),
    "initial_received_lcp_confreq": (
        "Initial Received LCP CONFREQ",
        {"initial_received_lcp_confreq": "initial_received_lcp_confreq"},
    ),
    "last_sent_lcp_confreq": (
        "Last Sent LCP CONFREQ",
        {"last_sent_lcp_confreq": "last_sent_lcp_confreq"},
    ),
    "last_received_lcp_confreq": (
        "Last Received LCP CONFREQ",
        {"last_received_lcp_confreq": "last_received_lcp_confreq"},
    ),
    "proxy_authen_type": ("Proxy Authen Type", {"proxy_authen_type": "proxy_authen_type"}),
    "proxy_authen_name": ("Proxy Authen Name", {"proxy_authen_name": "proxy_authen_name"}),
    "proxy_authen_challenge": (
        "Proxy Authen Challenge",
        {"proxy_authen_challenge": "proxy_authen_challenge"},
    ),
    "proxy_authen_id": ("Proxy Authen ID", {"id": "proxy_authen_id"}),
    "proxy_authen_response": (
        "Proxy Authen Response",
        {"proxy_authen_response": "proxy_authen_response"},
    ),
    "call_errors": (
        "Call status AVPs",
        {
            "crc_errors": "crc_errors",
            "framing_errors": "framing_errors",
            "hardware_overruns": "hardware_overruns",
            "buffer_overruns": "buffer_overruns",
            "timeout_errors": "time_out_errors",
            "alignment_errors": "alignment_errors",
        },
    ),
    "accm": ("ACCM", {"send": "send_accm", "receive": "receive_accm"}),
    "random_vector": ("Random Vector", {"random_vector": "random_vector"}),
    "private_group_id": ("Private group ID", {"private_group_id": "private_group_id"}),
    "rx_connect_speed": ("RxConnect Speed", {"rx_connect_speed": "rx_connect_speed"}),
    "sequencing_required": ("Sequencing Required", {}),
}
"""By our name of an AVP, tshark's title and its name of each field, without `l2tp.avp.`."""

BITS_OF_TSHARK: Final[dict[str, dict[str, int]]] = {
    "framing_capabilities": {"sync_framing_supported": 1, "async_framing_supported": 2},
    "bearer_capabilities": {"digital_access_supported": 1, "analog_access_supported": 2},
    "framing_type": {"sync_framing_type": 1, "async_framing_type": 2},
    "bearer_type": {"digital_bearer_type": 1, "analog_bearer_type": 2},
}
"""Masks, of which tshark shows single bits."""

DISSECTED_FURTHER: Final = {
    "initial_received_lcp_confreq",
    "last_sent_lcp_confreq",
    "last_received_lcp_confreq",
}
"""AVPs whose value tshark takes apart as PPP options, so that random octets would derail it."""
