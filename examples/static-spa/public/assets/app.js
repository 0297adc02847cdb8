/** The pages of this app, by their addresses. */
const pages = [
  { path: /^\/$/, render: () => ['A single page', 'Its addresses are its own: the server answers all of them with the same file.'] },
  { path: /^\/users\/(\d+)$/, render: (id) => [`User ${id}`, 'Reload this page: it is still here.'] },
  { path: /^\/about$/, render: () => ['About', 'public/_redirects says that whatever is no file is index.html.'] },
]

function show() {
  const found = pages.map(({ path, render }) => ({ match: path.exec(location.pathname), render })).find(({ match }) => match)
  const [title, text] = found ? found.render(...found.match.slice(1)) : ['Nothing here', 'There is no such page in this app.']
  const heading = document.createElement('h1')
  const paragraph = document.createElement('p')
  heading.textContent = document.title = title
  paragraph.textContent = text
  document.querySelector('main').replaceChildren(heading, paragraph)
}

document.addEventListener('click', (event) => {
  const link = event.target.closest('a')
  if (!link || link.origin !== location.origin || event.metaKey || event.ctrlKey) return
  event.preventDefault()
  history.pushState(null, '', link.href)
  show()
})
addEventListener('popstate', show)
show()
