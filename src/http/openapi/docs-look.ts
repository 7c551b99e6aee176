/**
 * What Swagger UI needs to be ours and to be read by everybody: no foreign name above it, nothing that has no label, and
 * 4.5:1 of every text (its badges have 2:1), measured by the browser test.
 */

/** The choice of a server has one, this one. */
export const DOCS_CSS = `
.swagger-ui .servers, .swagger-ui .servers-title { display: none; }
.swagger-ui .info { margin: 24px 0; }
.swagger-ui a { transition: none; }
.swagger-ui .info .title small { background: #566072; }
.swagger-ui .info .title small.version-stamp { background: #1b7a4b; }
.swagger-ui .info a, .swagger-ui a.nostyle:focus-visible { color: #2d5bd0; }
.swagger-ui .btn.authorize { border-color: #1b7a4b; color: #1b7a4b; }
.swagger-ui .btn.authorize svg { fill: #1b7a4b; }
.swagger-ui .opblock .opblock-summary-method { text-shadow: none; }
.swagger-ui .opblock.opblock-post .opblock-summary-method { background: #1b7a4b; }
.swagger-ui .opblock.opblock-get .opblock-summary-method { background: #2d5bd0; }
.swagger-ui .opblock.opblock-put .opblock-summary-method,
.swagger-ui .opblock.opblock-patch .opblock-summary-method { background: #8f5a00; }
.swagger-ui .opblock.opblock-delete .opblock-summary-method { background: #b3261e; }
.swagger-ui .json-schema-2020-12-expand-deep-button { color: #566072; }
html.dark-mode .swagger-ui .json-schema-2020-12-expand-deep-button { color: #a0a9b8; }
html.dark-mode .swagger-ui .info a { color: #86abff; }
html.dark-mode .swagger-ui .btn.authorize { border-color: #62cf97; color: #62cf97; }
html.dark-mode .swagger-ui .btn.authorize svg { fill: #62cf97; }
`

/** The dark theme is set by the bar of the layout that is not used. */
export const DOCS_SCRIPT = `
const dark = matchMedia('(prefers-color-scheme: dark)')
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', follow)
follow()
`

/** The dashboard's. */
export const DOCS_ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" role="img" aria-label="Kappa"><rect width="32" height="32" rx="7" fill="#2d5bd0"/><path d="M11 8v16M22 11c-4 0-6 5-11 5 5 0 7 2 8 5 .7 2 1.6 3 3.4 3" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/></svg>
`
