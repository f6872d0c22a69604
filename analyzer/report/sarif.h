/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_REPORT_SARIF_H
#define LAYEROPT_REPORT_SARIF_H

#include "report/json_writer.h"

/** What the SARIF 2.1.0 (OASIS) of all commands has in common: one run of one tool, results at lines of one file. */

/** The document up to its list of rules: the caller puts objects into that. */
void lopt_sarif_open(struct lopt_json *json, FILE *to);
/** From the rules to the list of results. */
void lopt_sarif_start_results(struct lopt_json *json);
/** From the results to the end of the run, into which the caller may put members; then the end of the document. */
void lopt_sarif_end_results(struct lopt_json *json);
void lopt_sarif_close(struct lopt_json *json);

/** A rule, and a sentence about it; NULL: there is none but its name. */
void lopt_sarif_rule(struct lopt_json *json, const char *id, const char *what);
/** "message": {"text": ...} */
void lopt_sarif_message(struct lopt_json *json, const char *key, struct lopt_str text);
/** "locations": one line of a file; line 0 is the first. */
void lopt_sarif_location(struct lopt_json *json, struct lopt_str path, uint32_t line);

#endif
