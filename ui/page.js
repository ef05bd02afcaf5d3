// The one way from the page to the program: a link, a form or a dial says where to go, and the head passes it on.
// Known here are Gradio's `element`, `trigger` and `watch`. Nothing is asked of any other machine.
const body = document.body;
let slow = null;

function busy(tab) {
  body.dataset.busy = '1';
  clearTimeout(slow);
  slow = setTimeout(() => { body.dataset.slow = '1'; }, 1500);
  if (tab) body.dataset.tab = tab;
}

function idle() {
  clearTimeout(slow);
  delete body.dataset.busy;
  delete body.dataset.slow;
}

function go(query, how) {
  busy(new URLSearchParams(query).get('tab'));
  trigger('click', { query: query, how: how });
}

document.addEventListener('click', (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest('.page a[href^="?"]');
  if (link) {
    event.preventDefault();
    go(link.getAttribute('href'), 'push');
  } else if (event.target.closest('#theme')) {
    const dark = body.classList.toggle('dark');
    try { localStorage.setItem('journeys-theme', dark ? 'dark' : 'light'); } catch { /* it is kept for this page only */ }
  } else if (event.target.closest('#stop')) {
    idle();
  }
});

document.addEventListener('submit', (event) => {
  const form = event.target.closest('.page form');
  if (!form) return;
  event.preventDefault();
  go('?' + new URLSearchParams(new FormData(form)).toString(), 'push');
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
  const { query, how, tab, title } = state.dataset;
  const moved = location.search !== query && (location.search || query !== '?tab=overview');
  if (how === 'push' && moved) history.pushState(null, '', query);
  else if (how === 'replace') history.replaceState(null, '', query);
  body.dataset.tab = tab;
  document.title = title;
  const open = element.querySelector('.tabs a[aria-current]');
  if (open) open.scrollIntoView({ block: 'nearest', inline: 'nearest' });
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
  if (again) waiting = setTimeout(() => trigger('click', { query: location.search || '?', how: 'none' }), +again.dataset.again);
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
    last = now;
  }, 60);
});

try {
  const theme = localStorage.getItem('journeys-theme');
  if (theme) body.classList.toggle('dark', theme === 'dark');
} catch { /* the system's theme stays */ }
drawn();
trigger('click', { query: location.search || '?', how: 'replace' });
