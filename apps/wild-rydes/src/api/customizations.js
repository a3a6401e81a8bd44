"use strict";

const database = require("./database");
const responses = require("./responses");

exports.handler = async (event) => {
  // Which company calls is the authorizer's answer, where there is an authorizer.
  const company = event.requestContext.authorizer?.CompanyID;
  const id = event.pathParameters?.id && decodeURIComponent(event.pathParameters.id);
  try {
    switch (event.httpMethod) {
      case "GET":
        return id === undefined || id === null ? await list(company) : await get(id, company);
      case "POST":
        return await create(event, company);
      case "DELETE":
        return await remove(id, company);
      default:
        return responses.badRequest("Unsupported method");
    }
  } catch (error) {
    console.error(event.httpMethod, event.resource, "failed:", error.code || error.message);
    return responses.failed();
  }
};

async function list(company) {
  return responses.ok(await database.listCustomizations(company));
}

async function get(id, company) {
  const customization = await database.getCustomization(id, company);
  return customization ? responses.ok(customization) : responses.notFound("No such customization");
}

async function create(event, company) {
  const request = JSON.parse(event.body || "{}");
  const owner = company === undefined ? request.company : company;
  if (owner === undefined) {
    return responses.badRequest("A company is needed");
  }
  const customUnicornId = await database.createCustomization(
    request.name,
    owner,
    request.imageUrl,
    request.sock,
    request.horn,
    request.glasses,
    request.cape,
  );
  return responses.ok({ customUnicornId });
}

async function remove(id, company) {
  const removed = await database.deleteCustomization(id, company);
  return removed ? responses.ok({ id }) : responses.notFound("No such customization");
}
