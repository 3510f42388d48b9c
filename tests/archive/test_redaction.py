"""What is taken for a secret in a cell, and what is not."""

from __future__ import annotations

import pytest

from oqc_notebook.archive.redaction import REMOVED, redacted


@pytest.mark.parametrize(
    "cell",
    [
        "%env OQC_AUTH_TOKEN=canary-7f",
        "%env OQC_AUTH_TOKEN = canary-7f",
        "%set_env OQC_AUTH_TOKEN canary-7f",
        "%%bash\nexport OQC_AUTH_TOKEN=canary-7f; oqc-notebook lab",
        "!OQC_AUTH_TOKEN=canary-7f oqc-notebook lab",
        "token: str = 'canary-7f'",
        "token: str | None='canary-7f'",
        "def connect(url: str, password: str = 'canary-7f'): ...",
        "sdk = connect(url, authentication_token=(\n    'canary-7f'\n))",
        "headers = {'token': 'canary-7f', 'Authorization': 'Bearer canary-7f'}",
    ],
)
def test_what_is_given_to_a_name_of_a_secret_is_hidden(cell: str) -> None:
    hidden = redacted(cell)
    assert "canary" not in hidden
    assert hidden.count("<hidden>") == cell.count("canary-7f")
    assert redacted(hidden) == hidden
    assert redacted(redacted(cell, REMOVED)).replace(REMOVED, "<hidden>") == hidden


@pytest.mark.parametrize(
    "text",
    [
        "%env OQC_AUTH_TOKEN",
        "%env OQC_AUTH_TOKEN\nimport oqc_notebook",
        "%env OQC_AUTH_TOKEN=$token",
        "%env OQC_AUTH_TOKEN={token}",
        "sdk = connect(\n    url,\n    authentication_token=token,\n)",
        "token = getpass()\nexport(token)",
        '{"max_tokens": 5, "name": "bell"}',
        "which tokens: those of the session\nname = 'bell'",
    ],
)
def test_what_only_speaks_of_secrets_is_left_as_it_is(text: str) -> None:
    assert redacted(text) == text
