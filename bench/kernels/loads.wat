;; Loads, with a store for each result: a product of two 250 x 250 matrices of i32. A at 64 KiB, B at 320 KiB, the product at 576 KiB.
(module
  (memory (export "memory") 13)
  (func (export "canister_update run")
    (local $i i32) (local $row i32) (local $column i32) (local $k i32) (local $a i32) (local $b i32) (local $sum i32) (local $all i32)
    (loop $fill
      (i32.store offset=65536 (i32.shl (local.get $i) (i32.const 2)) (i32.mul (local.get $i) (i32.const 0x9e3779b1)))
      (i32.store offset=327680 (i32.shl (local.get $i) (i32.const 2)) (i32.mul (local.get $i) (i32.const 0x85ebca77)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $fill (i32.lt_u (local.get $i) (i32.const 62500))))
    (loop $rows
      (local.set $column (i32.const 0))
      (loop $columns
        (local.set $a (i32.mul (local.get $row) (i32.const 1000)))
        (local.set $b (i32.shl (local.get $column) (i32.const 2)))
        (local.set $sum (i32.const 0))
        (local.set $k (i32.const 0))
        (loop $inner
          (local.set $sum (i32.add (local.get $sum)
            (i32.mul (i32.load offset=65536 (local.get $a)) (i32.load offset=327680 (local.get $b)))))
          (local.set $a (i32.add (local.get $a) (i32.const 4)))
          (local.set $b (i32.add (local.get $b) (i32.const 1000)))
          (local.set $k (i32.add (local.get $k) (i32.const 1)))
          (br_if $inner (i32.lt_u (local.get $k) (i32.const 250))))
        (i32.store offset=589824 (i32.add (i32.mul (local.get $row) (i32.const 1000)) (i32.shl (local.get $column) (i32.const 2))) (local.get $sum))
        (local.set $all (i32.xor (i32.rotl (local.get $all) (i32.const 1)) (local.get $sum)))
        (local.set $column (i32.add (local.get $column) (i32.const 1)))
        (br_if $columns (i32.lt_u (local.get $column) (i32.const 250))))
      (local.set $row (i32.add (local.get $row) (i32.const 1)))
      (br_if $rows (i32.lt_u (local.get $row) (i32.const 250))))
    (i32.store (i32.const 0) (local.get $all))))
