"""An SMTP server with STARTTLS, AUTH and faults chosen by the recipient's local part.

rcptNNN@   RCPT is answered with NNN
dataNNN@   the content is answered with NNN
slowN@     the verdict after the content takes N seconds
drop@      the connection is closed after the content
half@      an incomplete reply after the content, then closed
stray@     the content is answered with a code that belongs to another step

Users: alerts/pass is right, busy/* is told to come back later, everybody else is refused.
Prints its port, then one JSON object for each accepted mail.
"""

import argparse
import asyncio
import json
import logging
import re
import ssl
import warnings

from aiosmtpd.smtp import SMTP, AuthResult

logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")

options = argparse.ArgumentParser()
options.add_argument("--cert")
options.add_argument("--key")
options.add_argument("--mode", choices=["starttls", "implicit", "plain"], default="starttls")
options.add_argument("--auth", action="store_true")
options = options.parse_args()


def say(value):
    print(json.dumps(value), flush=True)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        fault = re.match(r"rcpt(\d{3})@", address)
        if fault:
            return f"{fault[1]} 5.1.1 <{address}>: no"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        local = envelope.rcpt_tos[0].split("@")[0]
        fault = re.match(r"data(\d{3})$", local)
        if fault:
            return f"{fault[1]} content says no"
        if local == "stray":
            return "354 End data with <CR><LF>.<CR><LF>"
        if local == "drop":
            server.transport.close()
            return "250 never sent"
        if local == "half":
            server.transport.write(b"250-accepted, and")
            server.transport.close()
            return "250 never sent"
        slow = re.match(r"slow(\d+)$", local)
        if slow:
            await asyncio.sleep(int(slow[1]))
        say({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": server.transport.get_extra_info("cipher") is not None,
            "user": session.auth_data.login.decode() if session.auth_data else None,
            "mail": envelope.original_content.hex(),
        })
        return "250 2.0.0 OK: queued"


def authenticate(server, session, envelope, mechanism, data):
    if data.login == b"busy":
        return AuthResult(success=False, handled=False, message="454 4.7.0 try again later")
    right = data.login == b"alerts" and data.password == b"pass"
    return AuthResult(success=right, handled=False, auth_data=data)


async def main():
    context = None
    if options.mode != "plain":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.cert, options.key)

    def protocol():
        return SMTP(
            Handler(),
            hostname="mail.test",
            enable_SMTPUTF8=True,
            tls_context=context if options.mode == "starttls" else None,
            require_starttls=False,
            authenticator=authenticate,
            auth_required=options.auth,
            auth_require_tls=options.mode == "starttls",
        )

    server = await asyncio.get_running_loop().create_server(
        protocol, "127.0.0.1", 0, ssl=context if options.mode == "implicit" else None
    )
    say({"port": server.sockets[0].getsockname()[1]})
    await server.serve_forever()


asyncio.run(main())
