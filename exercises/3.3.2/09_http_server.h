/* 09_http_server.h: a drawbridge that ships open by HTTP
 *
 *     request                         reply
 *     GET /ships                      200, the ships that have passed, in order: [{"name":"Ada"}]
 *     HEAD /ships                     what GET would give, without the body
 *     POST /ships, {"name":"Ada"}     201, what was sent: when the ship has passed, RAISE_MS later
 *         or, the first that fits:
 *         of more than BODY_MAX bytes 413, in whatever words
 *         that says another type      415
 *           than application/json
 *         that is no ship             400
 *         if no memory lets it wait   503
 *     another method on /ships        405, with the header "Allow: GET, HEAD, POST"
 *     another path                    404
 *
 * A ship is a JSON object whose "name" is a string that is not empty; more may be in it. Every
 * reply has a body of JSON, with its length and "Content-Type: application/json"; that of an error
 * is {"error":"..."}, the words are free. But for 413, and for a 500 where there is no memory for
 * the reply itself: there anything will do. A question mark and what follows it, in a path, count
 * for nothing. A connection serves one request after the other, behind an error in JSON as well,
 * until its client closes it, or has been silent for SILENCE_SECONDS. To wait for a reply is no
 * silence.
 *
 * While a ship waits for the bridge, all others are served. It gets one reply. Its client may have
 * left by then: the ship passes all the same. The asyncio twin is an aiohttp.web application:
 *
 *     async def post_ship(request):
 *         ship = await request.json()
 *         await asyncio.sleep(RAISE_MS / 1000)
 *         passed.append(ship)
 *         return web.json_response(ship, status=201)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

struct event_base;
struct bridge;

enum {
    RAISE_MS = 2000, /* from the request to the moment at which the ship has passed */
    BODY_MAX = 1000, /* bytes of a request's body at the most */
    SILENCE_SECONDS = 30,
};

/* A bridge that listens on `port` of 127.0.0.1, or on any free port for 0. It is served by the loop
 * of `base`. NULL without memory, or if it cannot listen there: then nothing is left behind. */
struct bridge *bridge_open(struct event_base *base, int port);

/* The port on which it listens. */
int bridge_port(const struct bridge *b);

/* From here on it takes no new connections. Those that it has are served, and the ships that wait
 * get their replies. A second call changes nothing. */
void bridge_stop(struct bridge *b);

/* Frees a bridge, also NULL, at any moment. Its connections are closed; ships that wait get no
 * reply. */
void bridge_free(struct bridge *b);

#endif
