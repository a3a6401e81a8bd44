"use strict";

const { CognitoIdentityProviderClient, CreateUserPoolClientCommand } = require("@aws-sdk/client-cognito-identity-provider");
const { DynamoDBClient } = require("@aws-sdk/client-dynamodb");
const { DynamoDBDocumentClient, PutCommand } = require("@aws-sdk/lib-dynamodb");

const database = require("./database");
const responses = require("./responses");

const cognito = new CognitoIdentityProviderClient({});
const table = DynamoDBDocumentClient.from(new DynamoDBClient({}));

/** Registers a partner company: a row, an app client of its own, and which client is which company. */
exports.handler = async (event) => {
  const { name } = JSON.parse(event.body || "{}");
  if (typeof name !== "string" || name.length === 0 || name.length > 128) {
    return responses.badRequest("A name of 1 to 128 characters is needed");
  }
  try {
    const companyId = await database.addCompany(name);
    const { UserPoolClient: client } = await cognito.send(
      new CreateUserPoolClientCommand({
        UserPoolId: process.env.USER_POOL_ID,
        ClientName: "company-" + companyId,
        GenerateSecret: true,
        AllowedOAuthFlowsUserPoolClient: true,
        AllowedOAuthFlows: ["client_credentials"],
        AllowedOAuthScopes: ["WildRydes/CustomizeUnicorn"],
      }),
    );
    await table.send(
      new PutCommand({
        TableName: process.env.PARTNER_TABLE,
        Item: { ClientID: client.ClientId, CompanyID: String(companyId) },
      }),
    );
    return responses.ok({ CompanyID: companyId, ClientID: client.ClientId, ClientSecret: client.ClientSecret });
  } catch (error) {
    if (error.code === "ER_DUP_ENTRY") {
      return responses.conflict("Company already registered");
    }
    console.error("registering failed:", error.code || error.name);
    return responses.failed();
  }
};
