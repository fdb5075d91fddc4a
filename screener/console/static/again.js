// A page that could not be had: asks for it again and again, and shows it once it is there.
"use strict";
setInterval(async () => {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (answer && answer.redirected && self !== top) return;  // to the login, which no frame shows
  if (answer && answer.status < 500 && answer.status !== 202) location.reload();  // 202: it is still being made
}, 5000);
