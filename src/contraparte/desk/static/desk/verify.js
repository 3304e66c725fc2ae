/* The proof of one log entry, computed again in the reader's own browser: RFC 9162 section 2.1.3.2 for the tree,
   Ed25519 for the head (C2SP signed note) and its cosignatures (cosignature/v1). Shares no code with the server. */

const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const join = (...parts) => {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};
const sha256 = async (data) => new Uint8Array(await crypto.subtle.digest("SHA-256", data));
const equal = (a, b) => a.length === b.length && a.every((byte, index) => byte === b[index]);

async function rootOf(leaf, index, size, path) {
  let current = await sha256(join([0], leaf));
  let node = index;
  let last = size - 1;
  for (const step of path) {
    if (last === 0) throw new Error("the path is too long");
    if (node % 2 === 1 || node === last) {
      current = await sha256(join([1], step, current));
      while (node % 2 === 0 && node !== 0) {
        node /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      current = await sha256(join([1], current, step));
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  if (last !== 0) throw new Error("the path is too short");
  return current;
}

/* The head's own lines: what is signed must be the very size and root the path leads to. */
function headOf(text) {
  const [, size, root] = text.split("\n");
  return { size: Number(size), root: Uint8Array.from(atob(root), (letter) => letter.charCodeAt(0)) };
}

async function signedBy(key, signature, text) {
  let message = new TextEncoder().encode(text);
  let signed = bytes(signature.data);
  if (key.type === 4) {
    const time = new DataView(signed.buffer).getBigUint64(0);
    message = new TextEncoder().encode(`cosignature/v1\ntime ${time}\n${text}`);
    signed = signed.slice(8);
  }
  const imported = await crypto.subtle.importKey("raw", bytes(key.raw), { name: "Ed25519" }, false, ["verify"]);
  return crypto.subtle.verify({ name: "Ed25519" }, imported, signed, message);
}

const list = document.getElementById("verdict");
const say = (text, kind) => {
  const item = document.createElement("li");
  const state = document.createElement("span");
  state.className = `cp-state cp-state--${kind}`;
  state.textContent = text;
  item.append(state);
  list.append(item);
};

async function verify(proof) {
  const head = headOf(proof.text);
  const root = await rootOf(bytes(proof.leaf), proof.index, head.size, proof.path.map(bytes));
  const holds = equal(root, head.root);
  list.replaceChildren();
  say(holds ? list.dataset.holds : list.dataset.fails, holds ? "proven" : "danger");
  for (const signature of proof.signatures) {
    const key = proof.keys.find((one) => one.name === signature.name && one.key === signature.key);
    if (!key) continue;
    try {
      const good = await signedBy(key, signature, proof.text);
      say(`${good ? list.dataset.signed : list.dataset.forged} ${signature.name}`, good ? "proven" : "danger");
    } catch {
      say(list.dataset.cannot, "stopped");
    }
  }
  list.dataset.done = holds ? "yes" : "no";
}

verify(JSON.parse(document.getElementById("proof").textContent)).catch(() => {
  list.replaceChildren();
  say(list.dataset.fails, "danger");
  list.dataset.done = "no";
});
