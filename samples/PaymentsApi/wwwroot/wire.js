// The panel next to the form sends requests to the JSON API, as clients would, and shows the responses.

const order = { amount: 18.5, currency: 'EUR', reference: 'Two bags of coffee' };
const panel = document.getElementById('panel');
const result = document.getElementById('result');
const exchanges = document.getElementById('exchanges');
const ledger = document.getElementById('ledger');

// The headers of an answer that the library sets, or that a retry must get unchanged.
const shownHeaders = ['Idempotent-Replayed', 'Retry-After', 'Cache-Control', 'Location', 'Content-Type'];

let last = null; // the last payment sent, with its key

const actions = {
  pay: () => [create()],
  retry: () => [last],
  other: () => [{ ...last, amount: last.amount + 1 }],
  two: () => {
    const payment = create();
    return [payment, payment];
  },
};

for (const button of document.querySelectorAll('[data-action]')) {
  button.addEventListener('click', () => run(button.dataset.action));
}

async function run(action) {
  if (panel.ariaBusy === 'true') return;
  panel.ariaBusy = 'true';
  try {
    const answers = [];
    // A payment must exist before it can be repeated.
    if (!last && (action === 'retry' || action === 'other')) answers.push(await send(create()));
    answers.push(...(await Promise.all(actions[action]().map(send))));

    const count = (await (await fetch('/payments')).json()).length;
    ledger.textContent = count === 1 ? '1 payment' : `${count} payments`;
    result.textContent = `${answers.map((answer) => `${answer.status}: ${answer.meaning}.`).join(' ')} Ledger: ${ledger.textContent}.`;
  } catch {
    result.textContent = 'The shop did not answer. Is it still running?';
  } finally {
    panel.ariaBusy = 'false';
  }
}

function create() {
  last = { ...order, key: newKey() };
  return last;
}

async function send({ key, ...payment }) {
  const response = await fetch('/payments', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
    body: JSON.stringify(payment),
  });
  const body = await response.json();
  const answer = { status: response.status, ...explain(response, body) };
  show(answer, key, payment, response.headers);
  return answer;
}

function explain(response, body) {
  if (response.headers.has('Idempotent-Replayed')) return { kind: 'replayed', meaning: 'replayed, nothing was paid again' };
  if (response.ok) return { kind: 'paid', meaning: 'first run, the payment was made' };
  if (body.code === 'key-reused') return { kind: 'refused', meaning: 'refused, the key belongs to another payment' };
  if (body.code === 'in-flight') return { kind: 'refused', meaning: 'refused, the first request is still running' };
  return { kind: 'refused', meaning: `refused, ${body.title}` };
}

function show(answer, key, payment, headers) {
  const item = document.createElement('li');
  item.dataset.kind = answer.kind;
  item.append(
    element('strong', answer.status),
    element('span', answer.meaning),
    element('small', `${payment.amount.toFixed(2)} ${payment.currency}, key ${key.slice(0, 8)}`),
    headerLines('Sent', [['Idempotency-Key', key]]),
    headerLines('Got', shownHeaders.filter((name) => headers.has(name)).map((name) => [name, headers.get(name)])),
  );
  exchanges.prepend(item);
  while (exchanges.children.length > 6) exchanges.lastElementChild.remove();
}

function headerLines(title, lines) {
  const list = document.createElement('dl');
  list.ariaLabel = `${title} headers`;
  for (const [name, value] of lines) list.append(element('dt', name), element('dd', value));
  return list;
}

function element(name, text) {
  const created = document.createElement(name);
  created.textContent = text;
  return created;
}

// Browsers have no randomUUID on a page that came over plain HTTP from another machine, for example on a phone in the same network.
function newKey() {
  return crypto.randomUUID?.()
    ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
