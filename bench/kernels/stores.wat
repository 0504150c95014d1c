;; Stores: the sieve of Eratosthenes up to 1,000,000, a byte for each number, at 64 KiB.
(module
  (memory (export "memory") 17)
  (func (export "canister_update run")
    (local $i i32) (local $j i32) (local $count i32)
    (local.set $i (i32.const 65536))
    (loop $clear
      (i64.store (local.get $i) (i64.const 0))
      (local.set $i (i32.add (local.get $i) (i32.const 8)))
      (br_if $clear (i32.lt_u (local.get $i) (i32.const 1065536))))
    (local.set $i (i32.const 2))
    (loop $next
      (if (i32.eqz (i32.load8_u offset=65536 (local.get $i)))
        (then
          (local.set $count (i32.add (local.get $count) (i32.const 1)))
          (local.set $j (i32.add (local.get $i) (local.get $i)))
          (block $crossed
            (loop $cross
              (br_if $crossed (i32.ge_u (local.get $j) (i32.const 1000000)))
              (i32.store8 offset=65536 (local.get $j) (i32.const 1))
              (local.set $j (i32.add (local.get $j) (local.get $i)))
              (br $cross)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 1000000))))
    (i32.store (i32.const 0) (local.get $count))))
