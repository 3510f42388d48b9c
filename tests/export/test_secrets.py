"""Secrets are found before an export, named by their place, and nothing else is taken for one."""

from __future__ import annotations

import base64
import html
import json
import secrets
import string
import uuid
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oqc_notebook.archive.cells import mark_of
from oqc_notebook.archive.token_marks import marked_words, token_mark
from oqc_notebook.export.bundle import Bundle, collect
from oqc_notebook.export.secrets import SecretsFoundError, find_secrets, without_secrets
from tests.archive.support import kernel_of, make_notebook, read
from tests.support import ONE, LocalQpu

TOKEN = "nWq7-3kQe_0bX5vTjUyR2sLdPz8mHcAf"


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


JWT = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part({'sub': 'you'})}.c2lnbmF0dXJl"


def bundle(
    *sources: str, output: Any = None, files: dict[str, Any] | None = None, token: str = TOKEN
) -> Bundle:
    cells = [nbformat.v4.new_code_cell(source) for source in sources or ["1 + 1"]]
    if output is not None:
        cells[0].outputs = [nbformat.v4.new_output("display_data", {"text/plain": "x"}), output]
    mark = token_mark(token, "5a17")
    assert mark is not None
    session = {
        "oqc_session": 1,
        "session": "20261123T124701Z-021e",
        "started": "2026-11-23T12:47:01Z",
        "python": "3.11.7",
        "platform": "Linux",
        "tokens": [mark.model_dump()],
    }
    contents = {"bell.oqc/sessions/20261123T124701Z-021e.json": session, **(files or {})}
    notebook = nbformat.writes(nbformat.v4.new_notebook(cells=cells)).encode()
    encoded = {name: json.dumps(content).encode() for name, content in contents.items()}
    return Bundle("bell.ipynb", {"bell.ipynb": notebook, **encoded})


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        (f"token = {JWT!r}", "a JSON web token, "),
        (f"headers = {{'Authentication-Token': '{TOKEN[:12]}'}}", "value of Authentication-Token"),
        (f'h["Authentication-Token"] = "{TOKEN[:12]}"', "the value of Authentication-Token, 12"),
        (f"# curl -H 'Authentication-Token: {TOKEN[:12]}'", "the value of Authentication-Token"),
        (f"connect(url, authentication_token='{TOKEN[:12]}')", "of Authentication-Token, 12"),
        (f'x = {{"authentication_token": "{TOKEN[:12]}"}}', "the value of Authentication-Token"),
        (f"# curl -H 'Authorization: Bearer {TOKEN[:12]}'", "the value of Bearer, 12 characters"),
        (f"%env OQC_AUTH_TOKEN={TOKEN}", "the token of a session, 32 characters"),
        (f"url = 'https://example.com/?key={TOKEN}&x=1'", "the token of a session"),
        (f"print('x{{TOKEN}}'); print('\\n{TOKEN}\\n')".replace("\\n", "\n"), "the token of"),
        (f"print('first\\n{TOKEN}')", "the token of a session"),
        (f"print('first\\n{JWT} tok_{JWT}')", "a JSON web token, "),
        (f"headers = [(b'Authentication-Token', b'{TOKEN[:12]}')]", "of Authentication-Token, 12"),
        (f"connect(url, authentication_token=f'{TOKEN[:12]}')", "of Authentication-Token, 12"),
        (f'authentication_token: str = """{TOKEN[:12]}"""', "of Authentication-Token, 12"),
    ],
)
def test_a_secret_in_a_cell_is_found(source: str, kind: str) -> None:
    (found,) = find_secrets(bundle("1 + 1", source))
    assert found.place == "cell 2"
    assert kind in found.kind
    assert found.text not in f"{found} {found!r}"


def test_a_secret_in_an_output_or_a_file_is_named_by_its_place() -> None:
    output = nbformat.v4.new_output("display_data", {"text/html": f"<b>{TOKEN}</b>"})
    files = {
        "bell.oqc/saved/bell.json": {"history": [{"data": {"c": {"0": 1}}}, {"tag": [TOKEN]}]},
        "bell.oqc/saved/other.json": {"Authentication-Token": "0123456789"},
    }
    found = find_secrets(bundle(output=output, files=files))
    assert [str(secret) for secret in found] == [
        "cell 1, output 2 (text/html): the token of a session, 32 characters",
        "bell.oqc/saved/bell.json, history[1].tag: the token of a session, 32 characters",
        "bell.oqc/saved/other.json, Authentication-Token: "
        "the value of Authentication-Token, 10 characters",
    ]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("text/plain", f"\x1b[33m{TOKEN}\x1b[0m"),
        ("text/plain", f"\x1b[33m{JWT}\x1b[0m"),
        ("text/plain", f"\x1b[33m'Authentication-Token'\x1b[39m: \x1b[33m'{TOKEN[:12]}'\x1b[39m"),
        ("text/plain", f"\x1b[33mBearer\x1b[39m {TOKEN[:12]}"),
        ("text/plain", f"0  Authentication-Token  {TOKEN[:12]}"),
        ("text/html", f"<td>Authentication-Token</td>\n <td>{TOKEN[:12]}</td>"),
        ("text/html", f"{{&#x27;Authentication-Token&#x27;: &#x27;{TOKEN[:12]}&#x27;}}"),
        ("text/html", f"<b>Bearer</b>&nbsp;<i>{TOKEN[:12]}</i>"),
    ],
)
def test_a_secret_is_found_as_it_can_be_read_between_colours_and_markup(
    kind: str, text: str
) -> None:
    whole = bundle(output=nbformat.v4.new_output("display_data", {kind: text}))
    assert [secret.place for secret in find_secrets(whole)] == [f"cell 1, output 2 ({kind})"]
    clean = without_secrets(whole, redact=True, remedy="")
    assert TOKEN[:12].encode() not in clean.files["bell.ipynb"]
    assert JWT.encode() not in clean.files["bell.ipynb"]


def test_a_refusal_shows_where_and_never_the_secret() -> None:
    with pytest.raises(SecretsFoundError, match="cell 1: the token of a session") as refused:
        without_secrets(bundle(f"t = {TOKEN!r}"), redact=False, remedy="Do so and so.")
    assert TOKEN not in str(refused.value)
    assert str(refused.value).endswith("Do so and so.")


def test_a_redacted_copy_holds_none_and_its_runs_are_still_those_of_its_cells() -> None:
    source = f"print('{TOKEN}')"
    run = {"oqc_archive": {"provenance": {"cell": {"sha256": mark_of(source)}}}, "tag": JWT}
    files = {"bell.oqc/runs/20261123T124701Z-021e/0001-bell.json": run}
    whole = bundle(source, files=files)
    clean = without_secrets(whole, redact=True, remedy="")
    assert find_secrets(clean) == []
    assert TOKEN.encode() not in b"".join(clean.files.values())
    assert JWT.encode() not in b"".join(clean.files.values())
    cell = json.loads(clean.files["bell.ipynb"])["cells"][0]
    assert "".join(cell["source"]) == "print('[token removed]')"
    run = json.loads(clean.files["bell.oqc/runs/20261123T124701Z-021e/0001-bell.json"])
    assert run["oqc_archive"]["provenance"]["cell"]["sha256"] == mark_of("".join(cell["source"]))


def test_a_bundle_without_secrets_is_left_as_it_is() -> None:
    whole = bundle()
    assert without_secrets(whole, redact=True, remedy="") is whole


HARMLESS = st.one_of(
    st.uuids().map(str),
    st.binary(min_size=32, max_size=32).map(bytes.hex),
    st.binary(max_size=300).map(lambda data: base64.b64encode(data).decode()),
    st.binary(max_size=90).map(lambda data: base64.urlsafe_b64encode(b'{"' + data).decode()),
    st.text(max_size=40),
    st.floats().map(repr),
    st.sampled_from(
        [
            "Send it as Authentication-Token: your token, please",
            "headers = {'Authentication-Token': token}",
            "connect(url, authentication_token=settings.token_of_project_2)",
            "connect(url, authentication_token=os.environ['OQC_AUTH_TOKEN'])",
            "f'Bearer {token}'",
            "Bearer authentication is not used",
            "Authentication-Token: <hidden>",
            "eyJhbGciOi.json",
            "Send your Authentication-Token with each request",
            "authentication_token: str = settings.token_of_project_2",
            "os.environ['OQC_AUTH_TOKEN']",
        ]
    ),
)


@given(texts=st.lists(HARMLESS, max_size=8), joined=st.sampled_from([" ", "\n", "/", "=", ","]))
def test_ids_hashes_images_and_prose_are_no_secrets(texts: list[str], joined: str) -> None:
    text = joined.join(texts)
    shown = {"image/png": text, "text/plain": text, "text/html": html.escape(text)}
    output = nbformat.v4.new_output("display_data", shown)
    files = {"bell.oqc/runs/20261123T124701Z-021e/0001-bell.json": {"task_id": text, text: texts}}
    assert find_secrets(bundle(text, output=output, files=files)) == []


@given(
    token=st.text(string.ascii_letters + string.digits + "-_.=/+~:", min_size=16, max_size=80),
    before=st.sampled_from(["", " ", '"', "=", "token=", "(", "/", "x_", "é"]),
    after=st.sampled_from(["", " ", '"', "\n", "/", "&a=1", ")", "_x", "-"]),
)
def test_a_token_is_found_between_any_separators(token: str, before: str, after: str) -> None:
    mark = token_mark(token, "5a17")
    assert mark is not None
    assert (len(before), len(before) + len(token)) in marked_words(before + token + after, [mark])


def test_a_token_that_could_be_guessed_leaves_no_hash() -> None:
    assert token_mark("secret", "5a17") is None
    assert token_mark("correct horse battery staple", "5a17") is None


def test_the_sidecar_of_a_session_keeps_the_hash_of_its_token_and_never_the_token(
    tmp_path: Path,
) -> None:
    notebook = make_notebook(tmp_path / "bell.ipynb", "1")
    with LocalQpu() as qpu, kernel_of(notebook, qpu) as kernel:
        kernel.ok(f"bell = sdk.create_job(program={ONE!r})", "await bell.execute()")
    (session,) = notebook.with_suffix(".oqc").glob("sessions/*-????.json")
    assert qpu.token not in session.read_text()
    (mark,) = read(session)["tokens"]
    assert mark["salt"] == read(notebook.with_suffix(".oqc") / "archive.json")["id"]
    assert list(marked_words(f"a {qpu.token} b", [token_mark(qpu.token, mark["salt"])])) != []
    make_notebook(notebook, f"token = {qpu.token!r}")
    (found,) = find_secrets(collect(notebook))
    assert found.place == "cell 1"


def test_five_megabytes_are_checked_in_seconds() -> None:
    words = [secrets.token_urlsafe(24) for _ in range(2000)] + [str(uuid.uuid4())] * 30_000
    image = base64.b64encode(secrets.token_bytes(2_500_000)).decode()
    text = " ".join(words)
    data = base64.b64encode(b'{"a":1},' * 90_000).decode()
    shown = {"image/png": image, "application/json": data, "text/html": "<" * 500_000}
    output = nbformat.v4.new_output("display_data", shown)
    assert find_secrets(bundle(text, output=output)) == []
