import { bug } from "../bug.ts";

/** A journey of a room and a seat, which somebody else may have. */
export default bug({
  setup: async (net, subject, load) => {
    const rooms = load("rooms");
    const hotel = await net.install(rooms, { name: "hotel", args: [2n] });
    const flight = await net.install(rooms, { name: "flight", args: [2n] });
    return { hotel, flight, journey: await net.install(subject, { name: "journey", args: [hotel.id, flight.id] }) };
  },
  body: async ({ journey, flight, pick }) => {
    if (pick("the flight", ["has seats", "is full"]) === "is full") await flight.actor.fill();
    await Promise.allSettled([journey.actor.book()]);
  },
  eventually: { "as many rooms as seats": ({ hotel, flight }) => hotel.look.taken() === flight.look.taken() },
});
