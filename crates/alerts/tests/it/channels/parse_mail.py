"""Reads a mail with another implementation than the one that wrote it; prints it as JSON."""

import email
import email.policy
import json
import sys

mail = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.SMTP)


def tree(part):
    kind = part.get_content_type()
    if part.is_multipart():
        return {"type": kind, "parts": [tree(inner) for inner in part.iter_parts()]}
    leaf = {"type": kind, "cid": part["Content-ID"], "file": part.get_filename(),
            "disposition": part.get_content_disposition()}
    content = part.get_content()
    if isinstance(content, str):
        leaf["text"] = content.replace("\r\n", "\n")
    else:
        leaf["bytes"] = list(content)
    return leaf


print(json.dumps({
    "headers": {name.lower(): str(value) for name, value in mail.items()},
    "names": [name.lower() for name in mail.keys()],
    "defects": [str(defect) for part in mail.walk() for defect in part.defects],
    "tree": tree(mail),
}))
