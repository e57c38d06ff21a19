/* p6_page.h: the page that a browser gets for "/": an echo and a chat room; given
 *
 * Two halves, each with a WebSocket of its own. What comes is shown as text, never as HTML.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef P6_PAGE_H
#define P6_PAGE_H

static const char PAGE[] =
    "<!DOCTYPE html>\n"
    "<html lang='en'>\n"
    "<meta charset='utf-8'>\n"
    "<meta name='viewport' content='width=device-width'>\n"
    "<title>WebSocket server</title>\n"
    "<style>\n"
    "  body { font: 1rem/1.4 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto;\n"
    "         padding: 0 1rem }\n"
    "  ol { list-style: none; padding: .5rem; height: 12rem; overflow: auto;\n"
    "       border: 1px solid #999 }\n"
    "  form { display: flex; gap: .5rem }\n"
    "  input { flex: 1; font: inherit }\n"
    "</style>\n"
    "<h1>WebSocket server</h1>\n"
    "<section id='echo'>\n"
    "  <h2>Echo</h2>\n"
    "  <ol aria-live='polite'></ol>\n"
    "  <form><input aria-label='to the echo' autocomplete='off'><button>Send</button></form>\n"
    "</section>\n"
    "<section id='chat'>\n"
    "  <h2>Chat</h2>\n"
    "  <ol aria-live='polite'></ol>\n"
    "  <form><input aria-label='to all' autocomplete='off'><button>Send</button></form>\n"
    "</section>\n"
    "<script>\n"
    "  for (const section of document.querySelectorAll('section')) {\n"
    "    const list = section.querySelector('ol');\n"
    "    const input = section.querySelector('input');\n"
    "    const say = text => {\n"
    "      list.append(Object.assign(document.createElement('li'), { textContent: text }));\n"
    "      list.scrollTop = list.scrollHeight;\n"
    "    };\n"
    "    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';\n"
    "    const socket = new WebSocket(`${scheme}://${location.host}/${section.id}`);\n"
    "    socket.onopen = () => say('open');\n"
    "    socket.onmessage = event => say('> ' + event.data);\n"
    "    socket.onclose = event => say(`closed: ${event.code} ${event.reason}`);\n"
    "    section.querySelector('form').onsubmit = event => {\n"
    "      event.preventDefault();\n"
    "      socket.send(input.value);\n"
    "      input.value = '';\n"
    "    };\n"
    "  }\n"
    "</script>\n";

#endif
