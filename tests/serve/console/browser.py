"""A browser without scripts: it looks at pages, and sends nothing but what their forms hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Self

import httpx2
from fastapi.testclient import TestClient
from service_client import Client

from serve.access.roles import Role

BOUNDARY = "----browser"


@dataclass
class Form:
    """A form: where it is sent, and what it holds; `choices` are the values of its buttons, boxes and lists.

    `buttons` says of each button, in their order, whether it can be pressed: Enter presses the first.
    """

    action: str
    method: str
    is_multipart: bool
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    buttons: list[bool] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.pictures: list[str] = []
        self.text = ""
        self._select = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        if tag == "button":
            self.forms[-1].buttons.append("disabled" not in found)
        match tag:
            case "form":
                multipart = found.get("enctype") == "multipart/form-data"
                self.forms.append(Form(found.get("action", ""), found["method"], multipart))
            case "input" if found.get("type") == "file":
                self.forms[-1].files.add(found["name"])
            case "input" if found.get("type") in ("checkbox", "radio"):
                self.forms[-1].choices.setdefault(found["name"], []).append(found["value"])
            case "input" | "textarea":
                self.forms[-1].fields[found["name"]] = found.get("value", "")
            case "button" if "name" in found:
                self.forms[-1].choices.setdefault(found["name"], []).append(found["value"])
            case "select":
                self._select = found["name"]
            case "option":
                self.forms[-1].choices.setdefault(self._select, []).append(found["value"])
            case "a":
                self.links.append(found["href"])
            case "img":
                self.pictures.append(found["src"])

    def handle_data(self, data: str) -> None:
        self.text += data


class Page:
    """A page as it was answered."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.status = answer.status_code
        self.url = answer.url.path
        self.address = str(answer.url)
        self.headers = answer.headers
        read = _Reader()
        read.feed(answer.text)
        self.forms, self.links, self.pictures, self.text = read.forms, read.links, read.pictures, read.text

    def form(self, end: str) -> Form:
        """The one form whose action ends so."""
        (found,) = (one for one in self.forms if one.action.endswith(end))
        return found


class Browser:
    """One visitor."""

    def __init__(self, client: Client) -> None:
        self.http = TestClient(client.app, raise_server_exceptions=False)

    @classmethod
    def signed_in(cls, client: Client, role: Role, *, brand_id: str | None = None) -> Self:
        """A visitor who has signed in with a new key."""
        browser = cls(client)
        key = client.key(role, brand_id)["Authorization"].removeprefix("Bearer ")
        page = browser.submit(browser.look("/console/sign-in"), "/sign-in", key=key)
        assert page.status == 200, page.text
        return browser

    def look(self, path: str, **headers: str) -> Page:
        """The page at a path, wherever it leads."""
        return Page(self.http.get(path, headers=headers))

    def submit(
        self, page: Page, end: str, *, files: dict[str, bytes | list[bytes]] | None = None, **filled: Any
    ) -> Page:
        """Send the page's form whose action ends so, with what was `filled` in; the page that follows."""
        form = page.form(end)
        for name, value in filled.items():
            assert name in form.fields or value in form.choices[name], (name, value, form)
        assert form.method == "post"
        assert set(files or ()) <= form.files
        data, sent_from = form.fields | filled, {"Referer": page.address}
        if not form.is_multipart:
            return Page(self.http.post(form.action, data=data, headers=sent_from))
        parts = [_part(name, str(value).encode()) for name, value in data.items()]
        # A browser sends a field of files that is left empty as a file without a name or content.
        for name in sorted(form.files):
            chosen = (files or {}).get(name, [])
            several = chosen if isinstance(chosen, list) else [chosen]
            parts += [_part(name, one, file=f"{number}.png") for number, one in enumerate(several)]
            parts += [] if several else [_part(name, b"", file="")]
        body = b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        return Page(self.http.post(form.action, content=body, headers={"Content-Type": kind, **sent_from}))


def _part(name: str, content: bytes, *, file: str | None = None) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'
    if file is not None:
        head += f'; filename="{file}"\r\nContent-Type: application/octet-stream'
    return head.encode() + b"\r\n\r\n" + content + b"\r\n"
