// The conversation with the agent: questions, decisions and stops go to the program by this component alone.
// Known here are Gradio's `element`, `trigger` and `watch`.
function kept(key, value) {
  try {
    if (value !== undefined) sessionStorage.setItem(key, value);
    return sessionStorage.getItem(key) || '';
  } catch { return value || ''; }
}

// One conversation for each window, until a new one is begun.
let own = kept('journeys-talk');
function fresh() {
  own = Array.from(crypto.getRandomValues(new Uint8Array(12)), (each) => each.toString(16).padStart(2, '0')).join('');
  kept('journeys-talk', own);
}
if (!own) fresh();

function send(event, told) {
  trigger(event, { ...told, session: own, who: kept('journeys-who') });
}

element.addEventListener('submit', (event) => {
  event.preventDefault();
  const told = new FormData(event.target);
  if (told.get('who')) kept('journeys-who', String(told.get('who')).trim());
  send('click', { question: String(told.get('question') || '') });
});

element.addEventListener('click', (event) => {
  const decision = event.target.closest('[data-approve]');
  if (decision) send('click', { approve: decision.dataset.approve });
  else if (event.target.closest('[data-stop]')) send('stop', {});
  else if (event.target.closest('[data-fresh]')) {
    fresh();
    send('click', { fresh: true });
  }
});

element.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.target.id !== 'ask-question') return;
  event.preventDefault();
  event.target.form.requestSubmit();
});

document.addEventListener('click', (event) => {
  const example = event.target.closest('[data-example]');
  const field = element.querySelector('#ask-question');
  if (!example || !field) return;
  field.value = example.dataset.example;
  field.focus();
});

let asked = false;
watch('value', () => {
  setTimeout(() => {
    if (document.body.dataset.tab !== 'ask') return;
    const last = element.querySelector('.turns > li:last-child');
    if (last) last.scrollIntoView({ block: 'nearest' });
    const decision = element.querySelector('[data-approve="yes"]');
    const field = element.querySelector('#ask-question');
    if (decision) decision.focus({ preventScroll: true });
    else if (field && asked) field.focus({ preventScroll: true });
    asked = !field;
  }, 30);
});

send('click', { load: true });
