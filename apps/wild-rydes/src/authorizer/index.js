"use strict";

const { CognitoJwtVerifier } = require("aws-jwt-verify");
const { DynamoDBClient } = require("@aws-sdk/client-dynamodb");
const { DynamoDBDocumentClient, GetCommand } = require("@aws-sdk/lib-dynamodb");

const verifier = CognitoJwtVerifier.create({
  userPoolId: process.env.USER_POOL_ID,
  tokenUse: "access",
  clientId: null,
});
const table = DynamoDBDocumentClient.from(new DynamoDBClient({}));

const CATALOGUE = ["GET/socks", "GET/horns", "GET/glasses", "GET/capes"];
const CUSTOMIZE = ["GET/customizations*", "POST/customizations", "DELETE/customizations/*"];
const MANAGE = ["POST/partners"];

/** Answers API Gateway: which methods the bearer of this token may call, and for which company. */
exports.handler = async (event) => {
  let claims;
  try {
    claims = await verifier.verify(event.authorizationToken.replace(/^Bearer /i, ""));
  } catch {
    throw new Error("Unauthorized");
  }
  const scopes = claims.scope.split(" ");
  // Cached for every method of the stage, so it lists them all.
  const stage = event.methodArn.split("/").slice(0, 2).join("/");
  const allowed = [...CATALOGUE];
  const context = {};
  if (scopes.includes("WildRydes/ManagePartners")) {
    allowed.push(...MANAGE);
  }
  if (scopes.includes("WildRydes/CustomizeUnicorn")) {
    const { Item: partner } = await table.send(
      new GetCommand({ TableName: process.env.PARTNER_TABLE, Key: { ClientID: claims.client_id } }),
    );
    if (!partner) {
      throw new Error("Unauthorized");
    }
    context.CompanyID = partner.CompanyID;
    allowed.push(...CUSTOMIZE);
  }
  return {
    principalId: claims.client_id,
    policyDocument: {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "execute-api:Invoke", Resource: allowed.map((method) => stage + "/" + method) }],
    },
    context,
  };
};
