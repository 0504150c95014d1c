import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Cannery } from "../../src/index.ts";
import { loadGenerated } from "../modules.ts";

const project = fileURLToPath(new URL("icp.yaml", import.meta.url));
const artifacts = { users: loadGenerated("users-and-posts-users"), posts: loadGenerated("users-and-posts-posts") };

async function deployed() {
  const net = await Cannery.create();
  const { users, posts } = await net.deploy(project, { artifacts });
  return { users: users!, posts: posts! };
}

test("deployed from icp.yaml, each canister knows the ids of both", async () => {
  const { users, posts } = await deployed();
  const { environmentVariables } = await posts.status();
  expect(environmentVariables).toEqual({
    "PUBLIC_CANISTER_ID:posts": posts.id.toText(),
    "PUBLIC_CANISTER_ID:users": users.id.toText(),
  });
  const ada = await users.actor.register("Ada");
  const id = await posts.actor.publish(ada, "hello");
  expect(await posts.actor.read(id)).toMatchObject([{ text: "hello", author: { name: "Ada" } }]);
});

test("a post by an unknown user is rejected by the canister", async () => {
  const { posts } = await deployed();
  await expect(posts.actor.publish(7n, "hello")).rejects.toMatchObject({ rejectCode: 4, rejectMessage: "there is no user 7" });
});

test("without the environment variable the method traps and says so", async () => {
  const net = await Cannery.create();
  const posts = await net.install(artifacts.posts);
  await expect(posts.actor.publish(0n, "hello")).rejects.toMatchObject({
    errorCode: "IC0503",
    rejectMessage: expect.stringContaining("PUBLIC_CANISTER_ID:users is not set") as string,
  });
});

test("each is upgraded on its own while the other runs, and keeps its state", async () => {
  const { users, posts } = await deployed();
  const ada = await users.actor.register("Ada");
  const id = await posts.actor.publish(ada, "before");

  await posts.upgrade(loadGenerated("users-and-posts-posts-v2"));
  expect(await posts.actor.like(id)).toBe(1n);
  expect(await posts.actor.read(id)).toMatchObject([{ text: "before" }]);
  expect(await users.actor.count()).toBe(1n);

  await users.upgrade(artifacts.users);
  expect(await users.actor.find(ada)).toMatchObject([{ name: "Ada" }]);
  const bob = await users.actor.register("Bob");
  expect(bob).not.toBe(ada);
  await posts.actor.publish(bob, "after");
  expect(await posts.actor.list()).toHaveLength(2);
});
