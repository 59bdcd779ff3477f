// The writer as a process of its own, for tests that kill it. In: output folder, generation, and an instant
// and a path to die at, `-` for none. Out: the folder; prints `done` where it was not killed.

import { commitSurvey } from "../../src/adapters/write-files-commit.ts";
import { surveyFolder } from "../../src/adapters/write-files-survey.ts";
import { makeGeneration } from "./generation.ts";

const [root, generation, instant, at] = process.argv.slice(2) as [string, string, string, string];
const files = makeGeneration(generation);
const request = { root, files, scope: null, ciFleetVersion: "1", prune: true, force: false };
const survey = surveyFolder(request);
commitSurvey(survey, {
  at: (reached, path) => {
    if (reached === instant && path === at) process.kill(process.pid, "SIGKILL");
  },
});
process.stdout.write("done\n");
