"""The client/server protocol: sockets, packets, login, commands. Knows no SQL.

Reading order::

    constants         capability bits, command bytes
    sessions          what the wire asks of the layer above: Session, Sessions, Accounts (protocols)
    charsets          collation id ↔ name, character set, bytes a character
    framing           bytes ↔ packets: split, joined, numbered, limited, compressed
    fields            length-encoded numbers and strings, read with bounds checks
    handshake         greeting, login packet
    openssl           TLS between a socket and what is above
    tls               certificate of our own, RSA key for passwords
    auth              caching_sha2_password, mysql_native_password
    columns           column definitions, OK, EOF, ERR
    layout            words that describe a result column to the row kernels
    encode_kernels    rows from machine registers to packets, text and binary protocol
    float_kernels     doubles and floats as MySQL prints them
    encode            the words for `encode_kernels`; rows of Python values
    decode            the same to Python values
    cursors           COM_STMT_FETCH: a result kept between commands
    transcode         rows for clients who want another character set than UTF-8
    commands          one function a command byte
    connection        one client: login, then command after command
    server            listening sockets, all connections, timeouts

A query's way: `server` accepts → `connection` greets, `auth` proves the password → `framing` cuts a
packet → `commands` looks at its first byte → `Session.query` → `columns` describes, rows come in
packets from the machine → flushed, with back-pressure, by `connection`.
"""
