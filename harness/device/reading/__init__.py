"""Reading peer.yaml: every mistake is an error with file, line, column and a suggestion."""
