// The login: what was typed goes to this address alone, and what was asked for is opened then.
const form = document.getElementById('login');
const told = document.getElementById('told');
const button = form.querySelector('button');

function say(text) {
  told.textContent = text;
  told.hidden = !text;
}

let dark = matchMedia('(prefers-color-scheme: dark)').matches;
try {
  dark = (localStorage.getItem('journeys-theme') || (dark ? 'dark' : 'light')) === 'dark';
} catch { /* the system's theme stays */ }
document.body.classList.toggle('dark', dark);
form.elements.username.focus();

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  if (button.disabled) return;
  button.disabled = true;
  button.textContent = 'One moment…';
  say('');
  try {
    const answer = await fetch(form.getAttribute('action'), { method: 'POST', body: new URLSearchParams(new FormData(form)) });
    if (answer.ok) {
      location.reload();
      return;
    }
    say(answer.status === 400 ? 'This name and this password do not belong together. Try again; after several tries it takes longer.' : 'The page could not log you in. Try again in a moment.');
  } catch {
    say('The page does not answer. Is it still being served?');
  }
  button.disabled = false;
  button.textContent = 'Log in';
  form.elements.password.value = '';
  form.elements.password.focus();
});
