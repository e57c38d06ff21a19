/* 08_http_client.h: tomorrow's weather, asked of a station that may be slow, wrong or gone
 *
 * A thermostat wants to know how warm tomorrow is going to be. A weather station in the house
 * answers GET /forecast with
 *
 *     HTTP/1.1 200 OK
 *
 *     {"city": "Seoul", "max": 31}
 *
 * "max" is a whole number of degrees Celsius. So it should be. What becomes of the request is told
 * in a struct forecast, and this is all that can become of it:
 *
 *     what comes from the station                      error            status    celsius
 *     200, and as agreed: see below                    0                200       "max"
 *     200, and anything else                           -EBADMSG         200       0
 *     a whole answer with another status               -EIO             that      0
 *     no connection                                    -ECONNREFUSED    0         0
 *     nothing for STATION_SILENCE_MS, half-way too     -ETIMEDOUT       0         0
 *     the end of the connection, before the answer's   -ECONNRESET      0         0
 *     something that is not HTTP                       -EPROTO          0         0
 *     more than MOST_FORECAST bytes                    -EMSGSIZE        0         0
 *     200, and there is no memory for it               -ENOMEM          200       0
 *
 * As agreed is a body that is one JSON object, with nothing behind it but white space, which a 0
 * byte is not. The object has a member "max" that is an integer, neither "31" nor 31.0, and one
 * that a thermometer can show, from LOWEST_CELSIUS to HIGHEST_CELSIUS.
 *
 * The asyncio twin is
 *
 *     async def forecast_get(session):
 *         async with session.get("/forecast") as response:
 *             if response.status != 200: ...
 *             data = await response.json()
 *             if not isinstance(data, dict) or type(data.get("max")) is not int: ...
 *             return data["max"]
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

struct event_base;
struct forecast_call; /* one request, from forecast_get() to forecast_free() */

enum { STATION_SILENCE_MS = 5000, MOST_FORECAST = 1024 }; /* the latter in bytes of body */
enum { LOWEST_CELSIUS = -90, HIGHEST_CELSIUS = 60 };

/* What became of a request. */
struct forecast {
    int error;   /* 0, or a negative errno */
    int status;  /* of the HTTP answer; 0 if no whole answer came */
    int celsius; /* tomorrow's maximum if error is 0, otherwise 0 */
};

/* `forecast` is valid until it returns. It may free the call. */
typedef void (*forecast_cb)(const struct forecast *forecast, void *arg);

/* Asks the station at 127.0.0.1:`port`. The loop of `base` calls `on_forecast` once, with what has
 * become of the request, and never before forecast_get() has returned. The call belongs to the
 * caller, who frees it. NULL without memory: then nothing is left behind. */
struct forecast_call *forecast_get(struct event_base *base, int port, forecast_cb on_forecast,
                                   void *arg);

/* Frees a call, also NULL, at any moment: before, in and after its callback, which does not come
 * any more. The connection is closed. */
void forecast_free(struct forecast_call *call);

#endif
