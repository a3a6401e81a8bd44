"use strict";

function json(statusCode, body) {
  return {
    statusCode,
    headers: { "Content-Type": "application/json", "Access-Control-Allow-Origin": "*" },
    body: JSON.stringify(body),
  };
}

module.exports = {
  ok: (body) => json(200, body),
  badRequest: (message) => json(400, { message }),
  notFound: (message) => json(404, { message }),
  conflict: (message) => json(409, { message }),
  failed: () => json(500, { message: "Something went wrong" }),
};
