"use strict";

const database = require("./database");
const responses = require("./responses");

exports.handler = async (event) => {
  let table;
  switch (event.resource) {
    case "/socks":
      table = "Socks";
      break;
    case "/horns":
      table = "Horns";
      break;
    case "/glasses":
      table = "Glasses";
      break;
    case "/capes":
      table = "Capes";
      break;
    default:
      return responses.notFound("No such body part");
  }
  try {
    return responses.ok(await database.listBodyParts(table));
  } catch (error) {
    console.error("listing", table, "failed:", error.code);
    return responses.failed();
  }
};
