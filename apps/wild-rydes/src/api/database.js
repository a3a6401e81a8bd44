"use strict";

const mysql = require("mysql2/promise");

async function connectionOptions() {
  return {
    host: process.env.DATABASE_HOST,
    user: "admin",
    password: "Unicorn-Corp-7!",
    database: "wild_rydes",
  };
}

/** Runs one statement on a connection of its own. */
async function query(sql, values) {
  const connection = await mysql.createConnection(await connectionOptions());
  try {
    const [rows] = await connection.query(sql, values);
    return rows;
  } finally {
    await connection.end();
  }
}

/** Everything in one table of the catalogue. `table` is one of our own constants. */
function listBodyParts(table) {
  return query("SELECT * FROM " + table + " ORDER BY ID");
}

async function addCompany(name) {
  const result = await query("INSERT INTO Companies (NAME) VALUES (?)", [name]);
  return result.insertId;
}

function listCustomizations(company) {
  if (company === undefined) {
    return query("SELECT * FROM Customizations ORDER BY ID");
  }
  return query("SELECT * FROM Customizations WHERE COMPANY = ? ORDER BY ID", [company]);
}

async function createCustomization(name, company, imageUrl, sock, horn, glasses, cape) {
  const sql =
    "INSERT INTO Customizations (NAME, COMPANY, IMAGE_URL, SOCK, HORN, GLASSES, CAPE) VALUES ('" +
    name + "', " + company + ", '" + imageUrl + "', " + sock + ", " + horn + ", " + glasses + ", " + cape + ")";
  const result = await query(sql);
  return result.insertId;
}

async function getCustomization(id, company) {
  let sql = "SELECT * FROM Customizations WHERE ID = " + id;
  if (company !== undefined) {
    sql += " AND COMPANY = " + company;
  }
  const rows = await query(sql);
  return rows[0];
}

async function deleteCustomization(id, company) {
  let sql = "DELETE FROM Customizations WHERE ID = " + id;
  if (company !== undefined) {
    sql += " AND COMPANY = " + company;
  }
  const result = await query(sql);
  return result.affectedRows === 1;
}

module.exports = {
  listBodyParts,
  addCompany,
  listCustomizations,
  createCustomization,
  getCustomization,
  deleteCustomization,
};
