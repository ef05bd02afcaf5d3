// The one way from the page to the program: a link, a form or a dial says where to go, and the head passes it on.
// Known here are Gradio's `element`, `trigger` and `watch`. Nothing is asked of any other machine.
const body = document.body;
let slow = null;

function busy(tab) {
  body.dataset.busy = '1';
  delete body.dataset.failed;
  clearTimeout(slow);
  slow = setTimeout(() => { body.dataset.slow = '1'; }, 1500);
  if (tab) opened(tab);
}

function opened(tab) {
  body.dataset.tab = tab;
  element.querySelectorAll('.tabs a').forEach((link) => {
    const own = new URLSearchParams(link.getAttribute('href')).get('tab') === tab;
    if (own) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  });
}

function idle() {
  clearTimeout(slow);
  delete body.dataset.busy;
  delete body.dataset.slow;
}

// One answer at a time: two that are under way might come in the wrong order, and the older would stay. Of moves only
// the last counts, and it comes after what forms do, which is never dropped, but for a second click on the same.
let waits = [];
let underWay = null;

function ask(what) {
  if (body.dataset.busy) {
    const acts = [underWay, ...waits].filter((each) => each && each.act);
    const last = what.act ? [...waits, underWay].find((each) => each && !each.act && each.how !== 'none') : what;
    const again = what.act && acts.some((each) => JSON.stringify(each) === JSON.stringify(what));
    waits = [...acts.filter((each) => each !== underWay), ...(what.act && !again ? [what] : []), ...(last ? [last] : [])];
    return;
  }
  underWay = what;
  busy(what.act ? null : new URLSearchParams(what.query).get('tab'));
  trigger('click', what);
}

// After a stop or a failure: what was drawn last is still there.
function back() {
  idle();
  [waits, underWay] = [[], null];
  const state = element.querySelector('[data-query]');
  if (state) opened(state.dataset.tab);
}

document.addEventListener('journeys-failed', () => {
  back();
  body.dataset.failed = '1';
});

function go(query, how) {
  ask({ query: query, how: how, who: who() });
}

// The name that labels are signed with, for as long as this window is open.
function who(name) {
  try {
    if (name) sessionStorage.setItem('journeys-who', name);
    return sessionStorage.getItem('journeys-who') || '';
  } catch { return name || ''; }
}

// A form that does something: what stands in it is passed on, and the place is drawn anew.
function act(form, button) {
  const fields = [...new FormData(form, button)].map(([name, value]) => [name, String(value)]);
  ask({ query: location.search || '?', how: 'replace', who: who(), act: form.dataset.act, fields: fields });
}

document.addEventListener('click', (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest('.page a[href^="?"]');
  const skip = event.target.closest('.page a.skip');
  if (skip) {
    // Gradio's base address would lead to the first tab.
    event.preventDefault();
    const panel = document.querySelector(skip.getAttribute('href'));
    panel.tabIndex = -1;
    panel.focus();
    panel.scrollIntoView({ block: 'start' });
  } else if (link) {
    event.preventDefault();
    go(link.getAttribute('href'), 'push');
  } else if (event.target.closest('#theme')) {
    const dark = body.classList.toggle('dark');
    try { localStorage.setItem('journeys-theme', dark ? 'dark' : 'light'); } catch { /* it is kept for this page only */ }
  }
});

// Gradio's button keeps its clicks to itself, so this one is caught on the way down.
document.addEventListener('click', (event) => {
  if (event.target.closest('#stop')) back();
}, true);

document.addEventListener('submit', (event) => {
  const form = event.target.closest('.page form');
  if (!form) return;
  event.preventDefault();
  if (form.dataset.act) return act(form, event.submitter);
  if ('own' in form.dataset) return;
  go('?' + new URLSearchParams(new FormData(form)).toString(), 'push');
});

// A card is opened by the space bar too; escape stops what takes long, or closes what is open round the focus.
document.addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
  const link = event.target.closest('.page .journey h4 a, .page a.choice');
  if (event.key === ' ' && link) {
    event.preventDefault();
    link.click();
  } else if (event.key === 'Escape') {
    const stop = body.dataset.slow && document.getElementById('stop');
    const open = event.target.closest('.page details[open]');
    if (stop) (stop.querySelector('button') || stop).click();
    else if (open) {
      open.open = false;
      open.querySelector('summary').focus();
    }
  }
});

// Keys that stand on buttons, as long as nobody types.
document.addEventListener('keydown', (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey || event.repeat || body.dataset.busy) return;
  if (event.target.closest('input:not([type=radio], [type=checkbox]), textarea, select')) return;
  const panel = document.getElementById('panel-' + body.dataset.tab);
  const button = panel && [...panel.querySelectorAll('[data-key]')].find((each) => each.dataset.key === event.key);
  if (button) {
    event.preventDefault();
    button.click();
  }
});

document.addEventListener('change', (event) => {
  const dial = event.target.closest('.page [data-go]');
  if (dial) go(dial.dataset.go, 'replace');
});

window.addEventListener('popstate', () => go(location.search || '?', 'none'));

// What the program drew says where it is: the address, the title and the open tab follow.
function drawn() {
  const state = element.querySelector('[data-query]');
  if (!state) return;
  idle();
  who(state.dataset.who);
  const { query, how, tab, title } = state.dataset;
  const moved = location.search !== query && (location.search || query !== '?tab=overview');
  if (how === 'push' && moved) history.pushState(null, '', query);
  else if (how === 'replace') history.replaceState(null, '', query);
  body.dataset.tab = tab;
  document.title = title;
  const open = element.querySelector('.tabs a[aria-current]');
  // Not scrollIntoView: from there on the tab key would go.
  const row = open && open.closest('.tabs');
  if (row) row.scrollLeft = open.offsetLeft - row.offsetLeft - (row.clientWidth - open.clientWidth) / 2;
  underWay = null;
  const next = waits.shift();
  if (next) ask(next);
}

let waiting = null;
function settled() {
  const panel = document.getElementById('panel-' + body.dataset.tab);
  if (!panel) return;
  panel.querySelectorAll('input[type=search]').forEach((field) => {
    if (document.activeElement !== field) field.value = field.getAttribute('value') || '';
  });
  panel.querySelectorAll('input[type=radio]').forEach((stop) => { stop.checked = stop.hasAttribute('checked'); });
  clearTimeout(waiting);
  const again = panel.querySelector('[data-again]');
  if (again) waiting = setTimeout(() => go(location.search || '?', 'none'), +again.dataset.again);
}

let last = '';
watch('value', () => {
  drawn();
  setTimeout(() => {
    settled();
    const state = element.querySelector('[data-query]');
    const now = state ? state.dataset.tab + '|' + state.dataset.user + '|' + state.dataset.journey : '';
    if (last && now !== last) {
      window.scrollTo({ top: 0 });
      const head = document.querySelector('#panel-' + body.dataset.tab + ' .subject');
      if (head) head.focus({ preventScroll: true });
    }
    const told = document.querySelector('#panel-' + body.dataset.tab + ' .told');
    if (told && now === last) told.focus({ preventScroll: false });
    last = now;
  }, 60);
});

try {
  const theme = localStorage.getItem('journeys-theme');
  if (theme) body.classList.toggle('dark', theme === 'dark');
} catch { /* the system's theme stays */ }
drawn();
trigger('click', { query: location.search || '?', how: 'replace', who: who() });
