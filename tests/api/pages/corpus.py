"""Hostile words: known vectors of script in HTML, each after several ways to break out of where it stands."""

from __future__ import annotations

from itertools import product

RAN = "lwRan"
"""What a payload that runs would set on the window."""

_DO = f"window.{RAN}=1"

BREAKS = (
    "",
    '">',
    "'>",
    "</title>",
    "</textarea></script>",
    "--></style>",
    "]]>",
    "</svg></a>",
    '" x="',
    "{{7*7}}{% raw %}",
    "\\x3c&lt;",
    "\u2028</p>",
)

VECTORS = (
    f"<script>{_DO}</script>",
    f"<ScRiPt/x>{_DO}</sCrIpT >",
    f"<img src=x onerror={_DO}>",
    f"<img/src='x'/onerror='{_DO}'>",
    f"<svg onload={_DO}>",
    f"<svg><script>{_DO}</script></svg>",
    f"<svg><animate onbegin={_DO} attributeName=x dur=1s>",
    f"<body onload={_DO}>",
    f"<input autofocus onfocus={_DO}>",
    f"<details open ontoggle={_DO}>",
    f"<video><source onerror={_DO}></video>",
    f"<iframe srcdoc='<script>parent.{RAN}=1</script>'></iframe>",
    f"<iframe src=javascript:{_DO}></iframe>",
    f"<a href=javascript:{_DO}>x</a>",
    f"<a href='java\tscript:{_DO}'>x</a>",
    f"<object data=javascript:{_DO}></object>",
    f"<embed src=javascript:{_DO}>",
    f"<math><mtext><style><img src=x onerror={_DO}></style></mtext></math>",
    f"<form action=javascript:{_DO}><button autofocus>x</button></form>",
    f"<meta http-equiv=refresh content='0;url=javascript:{_DO}'>",
    "<base href='https://evil.example/'>",
    f"<div hx-get=/ hx-trigger='load' hx-on::load='{_DO}' hx-vals='js:{{x:{_DO}}}'>",
    f"<template shadowrootmode=open><img src=x onerror={_DO}></template>",
    "<link rel=stylesheet href='https://evil.example/x.css'>",
    f"<noscript><p title='</noscript><img src=x onerror={_DO}>'>",
)

PAYLOADS = tuple(f"{out}{vector}" for out, vector in product(BREAKS, VECTORS))

URLS = (
    f"javascript:{_DO}",
    f"JaVaScRiPt:{_DO}",
    f"data:text/html,<script>{_DO}</script>",
    f"\tjavascript:{_DO}",
    f"vbscript:{_DO}",
    f"https://example.com/'\" onmouseover={_DO} x='",
)
