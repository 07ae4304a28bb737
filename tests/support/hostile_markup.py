"""Answers that try to run a script in the page they are exported to."""

from __future__ import annotations

HOSTILE = (
    "<script>ran()</script>",
    "</script><script>ran()</script>",
    "<img src=x onerror=ran()>",
    "<svg/onload=ran()>",
    "<iframe src=javascript:ran()></iframe>",
    "[a](javascript:ran())",
    "[a](JaVaScRiPt&colon;ran())",
    "[a](data:text/html;base64,PHNjcmlwdD4=)",
    "[a](vbscript:ran())",
    "[a](file:///etc/passwd)",
    "[a](//elsewhere.example/x)",
    '[a](https://a.example "\\" onclick=ran()")',
    '[a](https://a.example/" onmouseover="ran())',
    "![a](https://elsewhere.example/pixel.png)",
    "![a](data:image/svg+xml;base64,PHN2Zz4=)",
    "<javascript:ran()>",
    "<https://a.example/'onclick='ran()>",
    "&lt;script&gt;ran()&lt;/script&gt;",
    "&#60;script&#62;ran()&#x3c;/script>",
    "```<script>\n</code></pre><script>ran()</script>\n```",
    "```html onload=ran()\nx\n```",
    "`</code><script>ran()</script>`",
    "| a | <b onclick=ran()> |\n|---|:-:|\n| <script> | x |",
    "[a]: javascript:ran()\n\n[a]",
    "\u202egnp.exe\u202c \u2028\u2029 \x00 \x1b[31m",
    "<!-- --><![CDATA[x]]><?php ?>",
    "{{script}} {{policy}}",
)
